#include "spool/journal/first_page.h"

#include "shared/time/when.h"
#include "spool/journal/journal_scan.h"

enum err_code first_page_behind(const char *dir, const char *table, struct page_place after,
                                struct page_info *page, struct err *e)
{
    struct journal_scan *scan = NULL;
    enum journal_scan_what what = JOURNAL_SCAN_DAMAGED;
    struct err damage = ERR_INIT;
    enum err_code rc = journal_scan_open(&scan, dir, table, JOURNAL_SCAN_LOOK, e);

    *page = (struct page_info){.fetched = WHEN_NONE};
    if (rc != OK)
        return rc;
    journal_scan_seek(scan, after);
    while (what == JOURNAL_SCAN_DAMAGED && (rc = journal_scan_next(scan, &what, &damage)) == OK)
        if (what == JOURNAL_SCAN_PAGE)
            *page = *journal_scan_page(scan);
    if (rc != OK)
        *e = damage;
    journal_scan_close(scan);
    return rc;
}
