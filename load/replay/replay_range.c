#include "load/replay/replay_range.h"
#include "shared/files/file_io.h"
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
