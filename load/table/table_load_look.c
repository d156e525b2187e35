/* Which table goes first. Until it is known whether a table has anything to load, no other table is looked at, so that one connection is enough for a
 * run without news. A table that another loader is loading lets others go first. */
#include "load/table/table_load_private.h"
#include "shared/log/log.h"
#include <string.h>

static void on_tried(void *ctx, const struct err *err);

enum err_code table_load_open_target(struct table_load *t, struct err *e)
{
    const struct table_load_conf *c = &t->conf;
    bool plain = !c->dry_run && !c->replay && !c->redrive;
    struct target_table_conf conf = {.spool = spool_id(c->spool),
                                     .records = c->spool,
                                     .table = t->name,
                                     .schema = c->schema,
                                     .create = c->create,
                                     .dry_run = c->dry_run,
                                     .look = plain ? c->look : NULL,
                                     .busy = table_load_decided,
                                     .ctx = t};

    return target_table_open(&t->target, &conf, e);
}

void table_load_decided(void *ctx)
{
    struct table_load *t = ctx;
    const struct connection_lender *l = &t->conf.lender;

    if (!t->looking)
        return;
    t->looking = false;
    if (l->decided != NULL)
        l->decided(l->ctx);
}

void table_load_ask(struct table_load *t, const char *sql, db_done_fn *done)
{
    table_load_decided(t);
    db_query(t->db, sql, NULL, 0, done, t);
}

bool table_load_is_looking(const struct table_load *t)
{
    return t->looking;
}

bool table_load_goes_apart(const struct table_load *t)
{
    bool plain = !t->conf.dry_run && !t->conf.replay && !t->conf.redrive;

    return plain && !t->found && t->conf.look != NULL && db_lost(t->db) &&
           tables_look_serves(t->conf.look, t->name);
}

void table_load_connect(struct table_load *t)
{
    t->apart = false;
    t->found = false;
    tables_look_give_back(t->conf.look, t->name);
    table_load_resume_after(t, 0);
}

bool table_load_try_triggers(struct table_load *t)
{
    if (!target_table_must_probe(t->target))
        return false;
    target_table_probe(t->target, on_tried, t);
    return true;
}

static void on_tried(void *ctx, const struct err *err)
{
    struct table_load *t = ctx;

    if (err != NULL) {
        t->found = false;
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
    } else {
        table_load_built(t);
    }
}

/* ---- another loader ---- */

bool table_load_is_aside(const struct table_load *t)
{
    return t->aside;
}

/* Only with the first batch: then nothing of this load is under way, and little was read for nothing. */
bool table_load_may_step_aside(struct table_load *t)
{
    const struct table_load_conf *c = &t->conf;

    t->nowait = !t->was_aside && !t->some_in && !t->bisect && !t->probing && t->attempt == 0 &&
                t->hole == SIZE_MAX && !c->replay && !c->redrive && c->lender.wanted != NULL &&
                c->lender.wanted(c->lender.ctx);
    return t->nowait;
}

bool table_load_step_aside(struct table_load *t, const struct err *err)
{
    if (strcmp(err->sqlstate, "55P03") != 0 || t->stopping || !t->nowait || t->some_in)
        return false;
    LOG(LOG_DEBUG, "aside", "another session has locked how far the table is: others go first",
        F_STR("table", t->name), F_ERR(err));
    t->aside = true;
    table_load_give_up(t, err);
    return true;
}
