/* An account's turn among others (shared/cli/account_turns.h): one run, which tells what it came to instead of printing it. */
#include "extract/cli/service_private.h"
#include <stdlib.h>

enum err_code service_open(struct service **out, const struct service_conf *conf, struct err *e)
{
    struct service *s = calloc(1, sizeof *s);
    if (s == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for an account");
    *s = (struct service){.options = conf->options,
                          .key = conf->key,
                          .ping = conf->ping,
                          .jobs = conf->jobs,
                          .turn = &s->result,
                          .err = ERR_INIT};
    enum err_code rc = service_read_settings(s, e);
    if (rc == OK)
        rc = service_begin(s, e);
    if (rc != OK) {
        service_free(s);
        free(s);
        return rc;
    }
    *out = s;
    return OK;
}

uv_loop_t *service_loop(struct service *s)
{
    return &s->loop;
}

void service_stop(struct service *s)
{
    if (!s->over)
        service_leave(s);
}

void service_close(struct service *s, struct account_turn *turn)
{
    struct err e = ERR_INIT;
    *turn = s->result;
    if (service_finish(s, &e) != OK)
        account_turn_failed(turn, &e);
    turn->code = exit_graver(turn->code, s->code);
    service_free(s);
    free(s);
}

void service_turn_add(struct service *s, const struct fetch_run *r)
{
    size_t n = 0;
    const struct fetch_run_row *rows = fetch_run_rows(r, &n);
    struct account_turn *turn = s->turn;
    turn->tables = n;
    for (size_t i = 0; i < n; i++) {
        const struct table_fetch_result *t = &rows[i].result;
        const uint64_t counts[SERVICE_COUNTS] = {t->requests, t->pages, t->records, t->bytes,
                                                 t->retries};
        for (size_t k = 0; k < SERVICE_COUNTS; k++)
            turn->counts[k] += (int64_t)counts[k];
        if (t->err.code == OK)
            continue;
        struct err why = t->err;
        (void)err_prefix(&why, "%s", rows[i].name);
        account_turn_failed(turn, &why);
        turn->failed++;
    }
    turn->code = exit_graver(turn->code, fetch_run_exit(r));
}
