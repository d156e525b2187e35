#include "extract/run/silent_tables.h"
#include "shared/log/log.h"

const char *silent_tables_other(const struct fetch_run_row *rows, size_t n)
{
    const char *read = NULL;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        any |= rows[i].result.silent;
        if (rows[i].ended && rows[i].result.pages > 0)
            read = rows[i].name;
    }
    return any ? read : NULL;
}

void silent_tables_judge(struct fetch_run_row *rows, size_t n, bool answered)
{
    char why[CRAWL_UNPROVEN_TEXT];
    for (size_t i = 0; i < n && answered; i++) {
        struct table_fetch_result *t = &rows[i].result;
        if (!t->silent)
            continue;
        t->status = TABLE_FETCH_UNPROVEN;
        t->err = (struct err)ERR_INIT;
        t->crawl.unproven |= CRAWL_UNPROVEN_SILENT;
        LOG(LOG_WARN, "unproven", "nothing proves that the table is complete",
            F_STR("table", rows[i].name),
            F_STR("reason", crawl_unproven_text(t->crawl.unproven, why)));
    }
}
