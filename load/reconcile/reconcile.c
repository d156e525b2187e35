#include "load/command/session_thread.h"
#include "load/database/sql.h"
#include "load/reconcile/reconcile_private.h"
#include "load/target/loaded_rows.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reconcile {
    struct session_thread *thread;
    struct reconcile_conf conf;
    char database[LOADED_ID_MAX]; /* its identity, or "" */
    atomic_bool stop;
    struct reconcile_row *rows;
    size_t count;
    reconcile_done_fn *done;
    void *ctx;
};

/* ---- windows ---- */

/* Both are sorted. */
static void drop_gone(struct missing_entry *entry, const struct inventory_pair *gone, size_t n)
{
    size_t kept = 0;
    size_t at = 0;
    for (size_t i = 0; i < entry->count; i++) {
        while (at < n && gone[at].key < entry->rows[i].key)
            at++;
        if (at == n || gone[at].key != entry->rows[i].key)
            entry->rows[kept++] = entry->rows[i];
    }
    entry->count = kept;
}

/* Finds out whether the marks that were held back the last time still would be, so that they need not be counted anew. */
static enum err_code still_held(struct reconcile_task *t, bool *held, struct err *e)
{
    *held = false;
    if (t->now.held == 0 || t->now.window != t->state.windows)
        return OK;
    enum err_code rc = reconcile_delete_limit(t, e);
    *held = rc == OK && t->deleted + t->now.held > t->allowed;
    if (*held) {
        t->row->held = t->now.held;
        LOG(LOG_WARN, "max-deletes",
            "more records are gone from the source than --max-deletes allows, so none is marked",
            F_STR("table", t->table), F_INT("gone", t->now.held), F_INT("allowed", t->allowed));
    }
    return rc;
}

static enum err_code take_window(struct reconcile_task *t, bool *changed, struct err *e)
{
    struct inventory_pair *gone = NULL;
    size_t n = 0;
    bool fresh = false;
    uint64_t held = 0;
    const struct inventory_window *w = &t->state.window;
    enum err_code rc = reconcile_fresh(t, w->at, w->clock, &fresh, e);
    if (rc != OK || !fresh)
        return rc;
    /* What was missing at the last time comes from now, less what has been looked at since. */
    free(t->old.rows);
    t->old.rows = t->now.rows;
    t->old.count = t->now.count;
    t->now.rows = NULL;
    t->now.count = 0;
    if ((rc = reconcile_find_absent(t, &gone, &n, e)) == OK)
        rc = reconcile_act(t, gone, n, w->at, 0, &held, e);
    if (rc == OK) {
        *changed = true;
        t->now.held = t->row->held = held;
        t->now.window = t->state.windows;
        t->now.ended = w->ended;
        if (held == 0)
            drop_gone(&t->now, gone, n);
    }
    free(gone);
    return rc;
}

/* ---- one table ---- */

static enum err_code copy_entry(struct missing_entry *to, const struct missing_entry *from,
                                struct err *e)
{
    *to = *from;
    to->rows = calloc(from->count + 1, sizeof *to->rows);
    if (to->rows == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (from->count > 0)
        memcpy(to->rows, from->rows, from->count * sizeof *to->rows);
    return OK;
}

/* Reads this database's last answer in the spool, and begins the next one from it; if it answers an earlier roll, only its rows are taken over. */
static enum err_code read_words(struct reconcile_task *t, struct err *e)
{
    struct missing m = {0};
    enum err_code rc = missing_read(t->conf->spool, t->table, &m, e);
    const struct missing_entry *ours = rc == OK ? missing_find(&m, t->database) : NULL;
    struct missing_entry none = {.inventory_began = t->state.began};
    (void)snprintf(none.id, sizeof none.id, "%s", t->database);
    if (rc == OK)
        rc = copy_entry(&t->old, ours != NULL ? ours : &none, e);
    if (rc == OK)
        rc = copy_entry(&t->now, ours != NULL ? ours : &none, e);
    if (rc == OK && t->now.inventory_began != t->state.began) {
        t->now.inventory_began = t->state.began;
        t->now.window = t->now.lookups = t->now.deleted = t->now.held = 0;
        t->now.ended = false;
        t->old.window = t->old.lookups = t->old.held = 0;
    }
    missing_free(&m);
    return rc;
}

static enum err_code work_on(struct reconcile_task *t, struct err *e)
{
    const struct inventory_state *s = &t->state;
    bool changed = false;
    bool held = false;
    enum err_code rc;
    if ((rc = read_words(t, e)) != OK)
        return rc;
    t->row->missing = t->now.count;
    uint64_t before = t->now.held;
    bool lookups = s->lookups > t->now.lookups;
    bool window = s->windows > t->now.window || t->now.held > 0;
    if (!lookups && !window)
        return OK;
    if ((rc = reconcile_state_read(t, e)) != OK)
        return rc;
    if (s->lookups > t->lookups)
        rc = reconcile_read_lookups(t, &changed, e);
    else if (lookups) {
        t->now.lookups = t->lookups; /* acted on, and killed before the spool was told */
        changed = true;
    }
    window = s->windows > t->now.window || t->now.held > 0;
    if (rc == OK && window && t->row->held == 0 && t->now.lookups >= s->lookups &&
        (rc = still_held(t, &held, e)) == OK && !held && s->windows > 0)
        rc = take_window(t, &changed, e);
    t->row->held_known = t->row->held > 0 && t->row->held == before;
    if (rc != OK || !changed || t->conf->dry_run)
        return rc;
    t->now.deleted = t->deleted;
    t->now.at = when_now();
    t->row->missing = t->now.count;
    return missing_store(t->conf->spool, t->table, &t->now, e);
}

/* ---- the thread ---- */

struct shift {
    struct reconcile *r;
    struct session *session;
    struct loaded_entry database;
    PGresult *list;     /* the database's tables */
    PGresult *progress; /* what it has of the spool */
};

static enum err_code try_read(void *ctx, struct session *s, struct err *e)
{
    struct shift *w = ctx;
    PGresult *r = NULL;
    const struct sql_var vars[] = {{"spool", spool_id(w->r->conf.spool)},
                                   {"unchecked", SQL_UNCHECKED_NONE}};
    enum err_code rc;
    PQclear(w->list);
    PQclear(w->progress);
    w->list = w->progress = NULL;
    if (!w->r->conf.dry_run &&
        (rc = session_query(s, sql_reconcile_schema, NULL, 0, NULL, e)) != OK)
        return rc;
    if ((rc = session_query(s, sql_loaded_id, NULL, 0, &r, e)) != OK)
        return rc;
    if (PQntuples(r) == 1)
        (void)snprintf(w->database.id, sizeof w->database.id, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    if ((rc = session_list(s, w->r->conf.schema, &w->list, e)) != OK)
        return rc;
    return session_run(s, sql_loaded_progress, vars, 2, &w->progress, e);
}

static int row_of(const PGresult *r, int column, const char *table)
{
    for (int i = 0; i < PQntuples(r); i++)
        if (strcmp(PQgetvalue(r, i, column), table) == 0)
            return i;
    return -1;
}

static enum err_code do_table(struct shift *w, struct reconcile_row *row, struct err *e)
{
    struct reconcile_task t = {.conf = &w->r->conf,
                               .stop = &w->r->stop,
                               .session = w->session,
                               .database = w->database.id,
                               .table = row->table,
                               .row = row};
    struct loaded_row known;
    enum err_code rc = inventory_read(t.conf->spool, t.table, &t.state, NULL, NULL, e);
    int listed = row_of(w->list, LIST_TABLE, t.table);
    int loaded = row_of(w->progress, 0, t.table);
    row->rolled = t.state.there;
    if (rc != OK || !t.state.there || t.state.windows + t.state.lookups == 0 || listed < 0 ||
        loaded < 0 || !PQgetisnull(w->list, listed, LIST_PROBLEM))
        return rc;
    if ((rc = relation_read(&t.relation, w->list, listed, e)) == OK &&
        (rc = loaded_rows_next(w->progress, spool_dir(t.conf->spool), t.relation.schema, &loaded,
                               &known, e)) == OK) {
        t.place = known.place;
        rc = work_on(&t, e);
    }
    relation_free(&t.relation);
    free(t.old.rows);
    free(t.now.rows);
    return rc;
}

/* Reports the table's result. An error that passes by itself is not reported. */
static void report(const struct reconcile_row *row)
{
    const struct err *e = &row->err;
    bool passes = e->code == ERR_BUSY || e->code == ERR_INTERRUPTED;
    bool harmless = e->sys == EROFS || e->sys == EACCES || e->sys == EPERM;
    if (e->code != OK)
        LOG(passes || harmless ? LOG_DEBUG : LOG_ERROR, "reconcile",
            "what the source no longer has cannot be told now", F_STR("table", row->table),
            F_ERR(e));
}

/* Whether this database's answer in the spool covers the whole roll, so that nothing is to be done. */
static bool is_answered(const struct reconcile *r, struct reconcile_row *row,
                        const struct inventory_state *s)
{
    struct missing m = {0};
    struct err e = ERR_INIT;

    if (r->database[0] == '\0' || missing_read(r->conf.spool, row->table, &m, &e) != OK)
        return false;
    const struct missing_entry *ours = missing_find(&m, r->database);
    bool answered = ours != NULL && ours->inventory_began == s->began && ours->held == 0 &&
                    ours->window >= s->windows && ours->lookups >= s->lookups;
    if (answered)
        row->missing = ours->count;
    missing_free(&m);
    return answered;
}

/* Finds out from the spool alone whether some roll has something that this database has not answered yet. */
static bool any_inventory(const struct reconcile *r)
{
    bool any = false;

    for (size_t i = 0; !any && i < r->count; i++) {
        struct inventory_state state;
        struct err e = ERR_INIT;
        any = inventory_read(r->conf.spool, r->rows[i].table, &state, NULL, NULL, &e) != OK ||
              (state.windows + state.lookups > 0 && !is_answered(r, &r->rows[i], &state));
        r->rows[i].rolled = !any && state.there;
    }
    return any;
}

static void work(void *ctx, struct session *s)
{
    struct reconcile *r = ctx;
    struct shift w = {.r = r, .session = s};
    struct err e = ERR_INIT;
    if (!any_inventory(r))
        return;
    enum err_code rc = session_try(s, try_read, &w, &e);
    for (size_t i = 0; i < r->count; i++) {
        struct reconcile_row *row = &r->rows[i];
        if (rc == OK && !atomic_load(&r->stop))
            (void)do_table(&w, row, &row->err);
        else if (rc != OK)
            row->err = e;
        report(row);
    }
    PQclear(w.list);
    PQclear(w.progress);
}

static void release(struct reconcile *r)
{
    free(r->rows);
    free(r);
}

static void on_done(void *ctx)
{
    struct reconcile *r = ctx;
    r->done(r->ctx, r->rows, r->count);
    release(r);
}

enum err_code reconcile_start(struct reconcile **out, uv_loop_t *loop,
                              const struct reconcile_conf *conf, const char *const *tables,
                              size_t n, reconcile_done_fn *done, void *ctx, struct err *e)
{
    struct reconcile *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL || (r->rows = calloc(n + 1, sizeof *r->rows)) == NULL) {
        free(r);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    r->conf = *conf;
    if (conf->database != NULL)
        (void)snprintf(r->database, sizeof r->database, "%s", conf->database);
    r->count = n;
    r->done = done;
    r->ctx = ctx;
    for (size_t i = 0; i < n; i++)
        (void)snprintf(r->rows[i].table, sizeof r->rows[i].table, "%s", tables[i]);
    enum err_code rc = session_thread_start(&r->thread, loop, r->conf.conninfo, &r->conf.backoff,
                                            work, on_done, r, e);
    if (rc != OK)
        release(r);
    else
        *out = r;
    return rc;
}

void reconcile_stop(struct reconcile *r)
{
    atomic_store(&r->stop, true);
    session_thread_stop(r->thread);
}
