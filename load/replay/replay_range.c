#include "load/replay/replay_range.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/reader/reader.h"
#include "spool/segment/segment.h"
#include <inttypes.h>

/* *there, or why not in e. *known: the spool holds the table. */
static enum err_code find_segment(const struct spool *s, const char *table, uint64_t segment,
                                  bool *known, bool *there, struct err *e)
{
    char dir[IO_PATH];
    struct segment_list list = {0};
    enum err_code rc = io_path(dir, spool_dir(s), table, e);

    if (rc != OK || (rc = segment_list_read(&list, dir, e)) != OK)
        return rc;
    const struct segment_entry *first = segment_list_from(&list, 1);
    const struct segment_entry *found = segment_list_from(&list, segment);
    *known = first != NULL;
    *there = found != NULL && found->number == segment;
    if (*known && !*there && segment <= list.pruned)
        err_set(e, ERR_NO_SPOOL,
                "table %s has no segment %" PRIu64 " any more: it was removed once loaded; the "
                "oldest one left is %" PRIu64,
                table, segment, first->number);
    else if (*known && !*there)
        err_set(e, ERR_NO_SPOOL,
                "table %s has no segment %" PRIu64 "; netty-spool ls shows those it has, the "
                "oldest one is %" PRIu64,
                table, segment, first->number);
    segment_list_free(&list);
    return OK;
}

enum err_code replay_range_check(const struct spool *s, const char *const *tables, size_t count,
                                 bool named, uint64_t segment, struct err *e)
{
    char **all = NULL;
    size_t n = 0;
    bool some = false; /* hold it */
    struct err lacking = ERR_INIT;
    enum err_code rc = count == 0 ? spool_tables(s, &all, &n, e) : OK;

    for (size_t i = 0; rc == OK && i < (count > 0 ? count : n); i++) {
        struct err why = ERR_INIT;
        bool known = false;
        bool there = false;
        rc = find_segment(s, count > 0 ? tables[i] : all[i], segment, &known, &there, &why);
        if (rc != OK)
            *e = why;
        else if (known && !there && lacking.code == OK)
            lacking = why;
        some = some || there;
    }
    spool_tables_free(all, n);
    if (rc != OK || lacking.code == OK || (some && !named))
        return rc;
    *e = lacking;
    return e->code;
}

/* ---- by time ---- */

/* What a table's journals hold of a window. */
struct window {
    int64_t first, last; /* when the table's pages were fetched */
    uint64_t pages;      /* within the window */
    uint64_t records;
};

static enum err_code count_pages(const struct spool *s, const char *table,
                                 const struct replay_range *range, struct window *w, struct err *e)
{
    struct reader *r = NULL;
    enum reader_what what = READER_PAGE;
    const struct page_info *page = NULL;
    *w = (struct window){.first = WHEN_NONE, .last = WHEN_NONE};
    enum err_code rc = reader_open_trusting(&r, s, table, e);

    while (rc == OK && (rc = reader_next(r, &page, &what, e)) == OK && what != READER_END) {
        if (what != READER_PAGE)
            continue;
        w->first = w->first == WHEN_NONE || page->fetched < w->first ? page->fetched : w->first;
        w->last = page->fetched > w->last ? page->fetched : w->last;
        bool within = (range->from == WHEN_NONE || page->fetched >= range->from) &&
                      (range->to == WHEN_NONE || page->fetched < range->to) &&
                      (range->segment == 0 || page->place.segment == range->segment);
        w->pages += within ? 1 : 0;
        w->records += within ? page->records : 0;
    }
    reader_close(r);
    return rc;
}

static void tell_window(const char *table, const struct replay_range *range, const struct window *w)
{
    char a[WHEN_TEXT];
    char b[WHEN_TEXT];
    char first[WHEN_TEXT];
    char last[WHEN_TEXT];

    LOG(w->pages > 0 ? LOG_INFO : LOG_WARN, "window",
        w->pages > 0 ? "pages of this time are loaded again"
                     : "no page was fetched at this time; the spool holds pages from first to last",
        F_STR("table", table),
        F_STR("from", range->from == WHEN_NONE ? "the beginning" : when_iso(range->from, a)),
        F_STR("to", range->to == WHEN_NONE ? "the end" : when_iso(range->to, b)),
        F_INT("pages", w->pages), F_INT("records", w->records),
        F_STR("first", when_iso(w->first, first)), F_STR("last", when_iso(w->last, last)));
}

enum err_code replay_range_tell(const struct spool *s, const char *const *tables, size_t count,
                                const struct replay_range *range, struct err *e)
{
    char **all = NULL;
    size_t n = 0;
    enum err_code rc = count == 0 ? spool_tables(s, &all, &n, e) : OK;

    for (size_t i = 0; rc == OK && i < (count > 0 ? count : n); i++) {
        const char *table = count > 0 ? tables[i] : all[i];
        struct window w;
        bool held = false;
        if ((rc = spool_holds(s, table, &held, e)) == OK && held &&
            (rc = count_pages(s, table, range, &w, e)) == OK)
            tell_window(table, range, &w);
    }
    spool_tables_free(all, n);
    return rc;
}
