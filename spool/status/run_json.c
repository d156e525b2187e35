#include "spool/status/run_json.h"

#include "shared/time/when.h"
#include "spool/format/json_fields.h"
#include <inttypes.h>
#include <string.h>

static enum err_code add_where_any(struct buf *b, const char *name, const char *value)
{
    return value[0] != '\0' ? fields_add_text(b, name, value) : OK;
}

enum err_code run_json(struct buf *b, const struct run_history_entry *run,
                       enum run_history_side side, bool brief)
{
    char began[WHEN_TEXT];
    char ended[WHEN_TEXT];
    enum err_code rc = buf_addf(b, "{\"began\":\"%s\",\"ended\":\"%s\",\"seconds\":%.3f",
                                when_iso(run->began, began), when_iso(run->ended, ended),
                                (double)run->busy / (double)WHEN_SECOND);
    if (rc != OK || (rc = fields_add_text(b, "kind", run->kind)) != OK ||
        (rc = fields_add_text(b, "status", run->status)) != OK ||
        (rc = fields_add_text(b, "error", run->error)) != OK ||
        (rc = buf_addf(b, ",\"code\":%d", err_exit(err_of_word(run->error)))) != OK ||
        (rc = add_where_any(b, "message", run->message)) != OK ||
        (rc = add_where_any(b, "reason", run->reason)) != OK)
        return rc;
    if (side == RUN_HISTORY_EXTRACT)
        rc = fields_add_time(b, "complete_to", run->complete_to);
    for (unsigned i = 0; i < RUN_COUNTS && rc == OK; i++)
        if (run_history_count_of((enum run_count)i, side) && !(brief && run->counts[i] == 0))
            rc = buf_addf(b, ",\"%s\":%" PRId64, run_history_count_name((enum run_count)i),
                          run->counts[i]);
    return rc == OK ? buf_addc(b, '}') : rc;
}

/* ---- all that are kept ---- */

static enum err_code add_side(struct buf *b, const struct spool *spool, const char *table,
                              enum run_history_side side, size_t most)
{
    struct run_history runs = {0};
    bool read = run_history_read(spool, table, side, most, &runs, NULL) == OK;
    enum err_code rc = buf_addf(b, ",\"%s\":[", side == RUN_HISTORY_EXTRACT ? "extract" : "load");
    for (size_t i = 0; read && i < runs.count && rc == OK; i++) {
        rc = i > 0 ? buf_addc(b, ',') : OK;
        if (rc == OK)
            rc = run_json(b, &runs.entries[i], side, true);
    }
    run_history_free(&runs);
    return rc == OK ? buf_addc(b, ']') : rc;
}

enum err_code run_json_tables(struct buf *b, const struct spool *spool, const struct status *s)
{
    size_t most = s->count > 0 ? RUN_JSON_MOST / (2 * s->count) : 0;
    enum err_code rc = buf_addc(b, '[');
    for (size_t i = 0; i < s->count && rc == OK; i++) {
        const char *table = s->tables[i]->name;
        rc = buf_addf(b, "%s{\"table\":", i > 0 ? "," : "");
        if (rc == OK && (rc = buf_add_json(b, table, strlen(table))) == OK &&
            (rc = add_side(b, spool, table, RUN_HISTORY_EXTRACT, most)) == OK &&
            (rc = add_side(b, spool, table, RUN_HISTORY_LOAD, most)) == OK)
            rc = buf_addc(b, '}');
    }
    return rc == OK ? buf_addc(b, ']') : rc;
}
