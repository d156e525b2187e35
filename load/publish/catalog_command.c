#include "load/publish/catalog_command.h"
#include "load/database/db_decide.h"
#include "load/publish/catalog_publish.h"
#include "shared/log/log.h"
#include <stdlib.h>

struct catalog_command {
    struct db *db;
    const struct spool *spool;
    const char *schema;
    struct backoff backoff;
    struct catalog_publish *publish;
    uv_timer_t timer;
    catalog_command_ended_fn *ended;
    void *ctx;
    unsigned attempt;
    int code;
};

static void on_timer(uv_timer_t *timer);

static void finish(struct catalog_command *t, const struct err *err)
{
    if (err != NULL) {
        LOG(LOG_ERROR, "failed", "the catalog is not written", F_ERR(err),
            F_STR("sqlstate", err->sqlstate));
        t->code = err_exit(err->code);
    }
    (void)uv_timer_stop(&t->timer);
    t->ended(t->ctx);
}

static void failed(struct catalog_command *t, enum db_phase phase, const struct err *err)
{
    enum db_action action = db_decide(phase, err).action;
    bool passes = action == DB_WAIT || action == DB_RECONNECT || action == DB_SMALLER;

    if (!passes || t->attempt >= t->backoff.tries) {
        struct err why = *err;
        db_explain(phase, &why);
        finish(t, &why);
        return;
    }
    t->attempt++;
    int64_t wait = backoff_wait(&t->backoff, t->attempt, backoff_random(), 0);
    LOG(LOG_WARN, "retry", "the database is tried again after a pause", F_ERR(err),
        F_STR("sqlstate", err->sqlstate), F_INT("attempt", t->attempt),
        F_SECONDS_AND_MS("wait_seconds", "wait_ms", wait));
    db_drop(t->db);
    (void)uv_timer_start(&t->timer, on_timer, (uint64_t)((wait + 999) / 1000), 0);
}

static void on_left(void *ctx, const struct err *err)
{
    struct catalog_command *t = ctx;

    catalog_publish_free(t->publish);
    t->publish = NULL;
    if (err != NULL)
        failed(t, DB_PHASE_MAINTENANCE, err);
    else
        finish(t, NULL);
}

static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    struct catalog_command *t = ctx;
    struct err e = ERR_INIT;

    (void)r;
    if (err != NULL)
        failed(t, DB_PHASE_CONNECT, err);
    else if (catalog_publish_open(&t->publish, t->db, t->spool, t->schema, &e) != OK)
        finish(t, &e);
    else
        catalog_publish_run(t->publish, NULL, on_left, t);
}

static void on_timer(uv_timer_t *timer)
{
    struct catalog_command *t = timer->data;

    db_connect(t->db, on_connected, t);
}

enum err_code catalog_command_open(struct catalog_command **out, uv_loop_t *loop,
                                   const char *conninfo, const char *schema, const struct spool *s,
                                   const struct backoff *backoff, struct err *e)
{
    struct catalog_command *t = calloc(1, sizeof *t);
    enum err_code rc;

    if (t == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if ((rc = db_open(&t->db, loop, conninfo, e)) != OK) {
        free(t);
        return rc;
    }
    t->spool = s;
    t->schema = schema;
    t->backoff = *backoff;
    (void)uv_timer_init(loop, &t->timer); /* cannot fail */
    t->timer.data = t;
    *out = t;
    return OK;
}

void catalog_command_start(struct catalog_command *t, catalog_command_ended_fn *ended, void *ctx)
{
    t->ended = ended;
    t->ctx = ctx;
    (void)uv_timer_start(&t->timer, on_timer, 0, 0);
}

void catalog_command_stop(struct catalog_command *t)
{
    struct err e = ERR_INIT;

    err_set(&e, ERR_INTERRUPTED, "stopped");
    db_drop(t->db); /* nobody calls back then */
    finish(t, &e);
}

int catalog_command_exit(const struct catalog_command *t)
{
    return t->code;
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void catalog_command_close(struct catalog_command *t)
{
    if (t == NULL)
        return;
    catalog_publish_free(t->publish);
    db_close(t->db);
    uv_close((uv_handle_t *)&t->timer, on_closed);
}
