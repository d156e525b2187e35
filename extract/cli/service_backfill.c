/* The backfill beside the regular runs: one run of it after the other, until all its tables are through. */
#include "extract/cli/service_private.h"
#include "shared/base/buf.h"
#include "shared/cli/reload.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>

#define LEFT_MAX ((size_t)64 << 10) /* bytes of what one that begins anew is told */

const struct table_fetch_env *service_backfill_env(struct service *s)
{
    struct service_backfill *b = &s->backfill;
    if (!b->wanted)
        return &s->env;
    b->env = s->env;
    b->env.crawl = b->crawl;
    b->env.backfill.on = true;
    b->env.backfill.restart = b->restart;
    b->env.backfill.cancel = b->cancel;
    return &b->env;
}

static bool is_through(const struct service_backfill *b, const char *table)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->through[i], table) == 0)
            return true;
    return false;
}

static enum err_code add_through(struct service_backfill *b, const char *table, size_t n,
                                 struct err *e)
{
    char **more = realloc(b->through, (b->count + 1) * sizeof *more);
    char *name = strndup(table, n);
    if (more != NULL)
        b->through = more;
    if (more == NULL || name == NULL) {
        free(name);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    b->through[b->count++] = name;
    return OK;
}

static enum err_code note_through(struct service_backfill *b, const struct fetch_run_row *row,
                                  struct err *e)
{
    if (!row->result.through || is_through(b, row->name))
        return OK;
    return add_through(b, row->name, strlen(row->name), e);
}

/* ---- SIGHUP: the program begins anew, with the same arguments, but nothing is done twice ---- */

enum err_code service_backfill_take_on(struct service_backfill *b, struct err *e)
{
    const char *at = reload_left();
    enum err_code rc = OK;
    b->restart &= *at == '\0';
    for (at += strcspn(at, " "); rc == OK && *at != '\0'; at += strcspn(at, " ")) {
        at++;
        rc = add_through(b, at, strcspn(at, " "), e);
    }
    return rc;
}

void service_backfill_hand_on(const struct service_backfill *b)
{
    struct buf text;
    if (!b->wanted || !reload_wanted())
        return;
    buf_init(&text, LEFT_MAX);
    enum err_code rc = buf_adds(&text, "through");
    for (size_t i = 0; i < b->count && rc == OK; i++)
        rc = buf_addf(&text, " %s", b->through[i]);
    if (rc == OK)
        reload_leave(text.data);
    else
        LOG0(LOG_WARN, "reload", "out of memory: backfills that are through begin once more");
    buf_free(&text);
}

static void on_done(void *ctx, struct fetch_run *r)
{
    struct service *s = ctx;
    struct service_backfill *b = &s->backfill;
    size_t n = 0;
    const struct fetch_run_row *rows = fetch_run_rows(r, &n);
    fetch_metrics_run(s->metrics, FETCH_BACKFILL, NULL, NULL);
    int code = fetch_metrics_done(s->metrics, fetch_run_exit(r));
    s->code = service_stays(s) ? s->code : code;
    enum err_code rc = service_show(s, r, &s->err);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = note_through(b, &rows[i], &s->err);
    fetch_run_close(r);
    b->run = NULL;
    fetch_plan_free(&b->plan);
    service_run_ended(s, rc);
    service_renewed(s);
}

/* Those that are through are left out. */
static void leave_out(struct service_backfill *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->plan.count; i++)
        if (!is_through(b, b->plan.wants[i].name))
            b->plan.wants[n++] = b->plan.wants[i];
    b->plan.count = n;
}

enum err_code service_backfill_begin(struct service *s)
{
    struct service_backfill *b = &s->backfill;
    struct fetch_run_conf conf = service_run_conf(s);
    if (b->run != NULL)
        return OK;
    enum err_code rc = fetch_plan_make(&b->plan, s->options, s->spool, &s->err);
    if (rc != OK)
        return rc;
    leave_out(b);
    if (b->plan.count == 0) {
        fetch_plan_free(&b->plan);
        return OK;
    }
    conf.env = service_backfill_env(s);
    conf.source = FETCH_BACKFILL;
    conf.patient = service_stays(s);
    rc = fetch_run_open(&b->run, &conf, b->plan.wants, b->plan.count, on_done, s, &s->err);
    b->restart = false; /* once */
    fetch_metrics_run(s->metrics, FETCH_BACKFILL, fetch_run_each, b->run);
    if (rc == OK)
        fetch_run_start(b->run);
    return rc;
}

void service_backfill_stop(struct service *s, const char *words)
{
    struct err why = ERR_INIT;
    err_set(&why, ERR_INTERRUPTED, "%s", words);
    if (s->backfill.run != NULL)
        fetch_run_stop(s->backfill.run, &why);
}

void service_backfill_free(struct service *s)
{
    struct service_backfill *b = &s->backfill;
    for (size_t i = 0; i < b->count; i++)
        free(b->through[i]);
    free(b->through);
    fetch_plan_free(&b->plan);
}
