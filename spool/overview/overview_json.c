#include "spool/overview/overview_json.h"

#include "shared/time/when.h"
#include "spool/format/json_fields.h"
#include <inttypes.h>

static enum err_code add_row(struct buf *b, const struct overview_shown *s)
{
    const struct overview_row *r = s->row;
    enum err_code rc =
        buf_addf(b,
                 ",\"code\":%d,\"tables\":%" PRId64 ",\"waiting_records\":%" PRId64
                 ",\"set_aside\":%" PRId64 ",\"bytes\":%" PRId64 ",\"last_code\":%d",
                 s->code, r->tables, r->records, r->set_aside, r->bytes, s->last_code);
    if (rc == OK && (rc = fields_add_text(b, "verdict", r->verdict)) == OK &&
        (rc = fields_add_text(b, "says", s->says)) == OK &&
        (rc = fields_add_time(b, "complete_to", r->complete_to)) == OK &&
        (rc = fields_add_time(b, "loaded_to", r->loaded_to)) == OK)
        rc = fields_add_time(b, "ended", s->ended);
    return rc;
}

enum err_code overview_json(struct buf *b, const char *program, int64_t stale_after,
                            const struct overview_shown *list, size_t n)
{
    char now[WHEN_TEXT];
    enum err_code rc =
        buf_addf(b,
                 "{\"netty_accounts\":1,\"program\":\"%s\",\"version\":\"%s\",\"now\":\"%s\","
                 "\"stale_after\":%.3f,\"accounts\":[",
                 program, NETTY_VERSION, when_iso(when_now(), now),
                 (double)stale_after / (double)WHEN_SECOND);
    for (size_t i = 0; rc == OK && i < n; i++) {
        rc = buf_addf(b, "%s{\"account\":\"%s\"", i > 0 ? "," : "", list[i].account);
        if (rc == OK && list[i].row != NULL)
            rc = add_row(b, &list[i]);
        if (rc == OK)
            rc = buf_addc(b, '}');
    }
    return rc == OK ? buf_adds(b, "]}\n") : rc;
}
