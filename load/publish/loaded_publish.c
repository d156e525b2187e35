#include "load/publish/loaded_publish.h"
#include "load/database/sql.h"
#include "load/target/target_table.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 4096u

struct loaded_publish {
    uv_loop_t *loop;
    struct db *db;
    struct loaded_publish_conf conf;
    loaded_publish_done_fn *done;
    void *ctx;
    struct loaded_entry entry; /* place is set for each table */
    struct loaded_row *rows;
    size_t count;
    uv_work_t work;
    bool working;
    bool missed;
    bool unmarked; /* the tables' marks cannot be read */
    struct prune_sum sum;
    struct buf sql;
    struct err err;
};

static void query_identity(struct loaded_publish *m);

enum err_code loaded_publish_open(struct loaded_publish **out, uv_loop_t *loop, struct db *db,
                                  const struct loaded_publish_conf *conf, struct err *e)
{
    struct loaded_publish *m = calloc(1, sizeof *m);

    if (m == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    m->loop = loop;
    m->db = db;
    m->conf = *conf;
    m->work.data = m;
    buf_init(&m->sql, SQL_MAX);
    *out = m;
    return OK;
}

void loaded_publish_free(struct loaded_publish *m)
{
    if (m == NULL)
        return;
    free(m->rows);
    buf_free(&m->sql);
    free(m);
}

const struct loaded_row *loaded_publish_rows(const struct loaded_publish *m, size_t *n)
{
    *n = m->count;
    return m->rows;
}

bool loaded_publish_missed(const struct loaded_publish *m)
{
    return m->missed;
}

const char *loaded_publish_database(const struct loaded_publish *m)
{
    return m->entry.name;
}

/* ---- the spool's part, in a worker thread ---- */

static const struct loaded_row *find_row(const struct loaded_publish *m, const char *table)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->rows[i].table, table) == 0)
            return &m->rows[i];
    return NULL;
}

/* Finds out whether the spool has an entry of this database for the table, so that it was loaded once, though the database knows nothing of it
 * (any more). */
static enum err_code was_loaded(const struct loaded_publish *m, const char *table, bool *was,
                                struct err *e)
{
    struct loaded loaded;
    enum err_code rc = loaded_read(m->conf.spool, table, &loaded, e);

    *was = false;
    for (size_t i = 0; rc == OK && i < loaded.count; i++)
        *was = *was || strcmp(loaded.entries[i].id, m->entry.id) == 0;
    if (rc == OK)
        loaded_free(&loaded);
    return rc;
}

static enum err_code store_table(const struct loaded_publish *m, const char *table, struct err *e)
{
    const struct loaded_row *row = find_row(m, table);
    struct loaded_entry entry = m->entry;
    bool was = true;
    enum err_code rc = row == NULL || !m->conf.enlist ? was_loaded(m, table, &was, e) : OK;

    if (rc != OK || !was)
        return rc;
    if (row != NULL) {
        entry.place = row->place;
        entry.holes = row->holes;
        entry.hole = row->hole;
        entry.gaps = row->gaps;
        entry.since = row->since;
        entry.unchecked = row->unchecked;
        memcpy(entry.book, row->book, sizeof entry.book);
    }
    return loaded_store(m->conf.spool, table, &entry, e);
}

static enum err_code store_all(struct loaded_publish *m, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    enum err_code rc = spool_tables(m->conf.spool, &tables, &n, e);

    for (size_t i = 0; rc == OK && i < n; i++)
        rc = store_table(m, tables[i], e);
    spool_tables_free(tables, n);
    return rc;
}

static void work(uv_work_t *w)
{
    struct loaded_publish *m = w->data;

    if (store_all(m, &m->err) != OK || !m->conf.prune)
        return;
    m->conf.limits.now = when_now();
    if (prune_run(m->conf.spool, &m->conf.limits, NULL, NULL, &m->sum, &m->err) != OK)
        err_prefix(&m->err, "cannot prune the spool");
}

static void end(struct loaded_publish *m, const struct err *err)
{
    m->done(m->ctx, err);
}

static void after_work(uv_work_t *w, int status)
{
    struct loaded_publish *m = w->data;

    if (status != 0)
        err_set(&m->err, ERR_INTERRUPTED, "stopped before the spool was told what is loaded");
    if (m->sum.segments > 0 || m->sum.caches.files > 0)
        LOG(LOG_INFO, "pruned",
            m->sum.segments > 0 ? "loaded pages were removed from the spool"
                                : "caches that nobody uses were removed from the spool",
            F_INT("segments", m->sum.segments), F_INT("bytes", m->sum.bytes),
            F_INT("left", m->sum.left), F_INT("caches", m->sum.caches.files),
            F_INT("cache_bytes", m->sum.caches.bytes));
    prune_report_silent(&m->sum);
    prune_report_stays(&m->sum);
    end(m, m->err.code != OK ? &m->err : NULL);
}

/* ---- the database's part ---- */

static enum err_code read_rows(struct loaded_publish *m, const PGresult *r, struct err *e)
{
    int row = 0;
    enum err_code rc = OK;

    m->rows = calloc((size_t)PQntuples(r) + 1, sizeof *m->rows);
    if (m->rows == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    while (rc == OK && row < PQntuples(r))
        if ((rc = loaded_rows_next(r, spool_dir(m->conf.spool), NULL, &row, &m->rows[m->count],
                                   e)) == OK)
            m->count++;
    return rc;
}

static void start_work(struct loaded_publish *m)
{
    m->working = true;
    if (uv_queue_work(m->loop, &m->work, work, after_work) != 0)
        after_work(&m->work, UV_ENOMEM);
}

/* The transaction was left, after whatever error: ends. */
static void on_left(void *ctx, const PGresult *r, const struct err *err)
{
    struct loaded_publish *m = ctx;

    (void)r;
    (void)err; /* what was wrong before is what is told */
    end(m, &m->err);
}

static void leave(struct loaded_publish *m, const struct err *why)
{
    if (why != &m->err)
        m->err = *why;
    if (db_lost(m->db))
        end(m, &m->err);
    else
        db_query(m->db, "ROLLBACK", NULL, 0, on_left, m);
}

static void ask_of_spool(struct loaded_publish *m, const char *text, db_done_fn *done)
{
    const struct sql_var progress[] = {
        {"spool", spool_id(m->conf.spool)},
        {"unchecked", m->unmarked ? SQL_UNCHECKED_NONE : SQL_UNCHECKED}};
    const struct sql_var flush[] = {{"spool", spool_id(m->conf.spool)},
                                    {"locked", m->conf.beside ? "SKIP LOCKED" : ""}};

    buf_reset(&m->sql);
    if (sql_expand(&m->sql, text, text == sql_loaded_progress ? progress : flush, 2, &m->err) != OK)
        leave(m, &m->err);
    else
        db_query(m->db, m->sql.data, NULL, 0, done, m);
}

/* The transaction is committed: what was read now outlasts a crash of the server. */
static void on_committed(void *ctx, const PGresult *r, const struct err *err)
{
    struct loaded_publish *m = ctx;

    (void)r;
    if (err != NULL)
        end(m, err);
    else if (m->missed || !m->conf.store)
        end(m, NULL);
    else
        start_work(m);
}

static void on_flushed(void *ctx, const PGresult *r, const struct err *err)
{
    struct loaded_publish *m = ctx;

    if (err != NULL) {
        leave(m, err);
        return;
    }
    m->missed = m->count > 0 && PQntuples(r) == 1 && strcmp(PQgetvalue(r, 0, 0), "0") == 0;
    db_query(m->db, "COMMIT", NULL, 0, on_committed, m);
}

static void on_restart(void *ctx, const PGresult *r, const struct err *err)
{
    struct loaded_publish *m = ctx;

    (void)r;
    if (err != NULL)
        end(m, err);
    else
        query_identity(m);
}

static void on_progress(void *ctx, const PGresult *r, const struct err *err)
{
    struct loaded_publish *m = ctx;
    bool none = err != NULL && strcmp(err->sqlstate, "42P01") == 0; /* nothing was ever loaded */
    bool denied = err != NULL && strcmp(err->sqlstate, "42501") == 0;

    if ((none || denied) &&
        !m->unmarked) { /* or the marks are from a later time than the role's rights */
        m->unmarked = true;
        db_query(m->db, "ROLLBACK", NULL, 0, on_restart, m);
        return;
    }
    if (err != NULL && !none) {
        leave(m, err);
        return;
    }
    if (!none && read_rows(m, r, &m->err) != OK) {
        leave(m, &m->err);
        return;
    }
    if (none)
        db_query(m->db, "ROLLBACK", NULL, 0, on_committed, m);
    else if (!m->conf.store)
        db_query(m->db, "COMMIT", NULL, 0, on_committed, m);
    else
        ask_of_spool(m, sql_progress_flush, on_flushed);
}

static enum err_code name_database(struct loaded_publish *m, const char *id, const char *name,
                                   struct err *e)
{
    if (strlen(id) >= sizeof m->entry.id || strlen(name) >= sizeof m->entry.name)
        return err_set(e, ERR_PROTOCOL, "the database does not say which one it is");
    memcpy(m->entry.id, id, strlen(id) + 1);
    memcpy(m->entry.name, name, strlen(name) + 1);
    m->entry.at = when_now();
    m->entry.since = m->entry.unchecked = WHEN_NONE;
    return OK;
}

static void on_identity(void *ctx, const PGresult *r, const struct err *err)
{
    struct loaded_publish *m = ctx;

    if (err != NULL) {
        m->err = *err;
        err_prefix(&m->err, "cannot tell which database this is");
        leave(m, &m->err);
        return;
    }
    if (PQntuples(r) != 1 || PQnfields(r) != 2) {
        err_set(&m->err, ERR_PROTOCOL, "the database does not say which one it is");
        leave(m, &m->err);
    } else if (name_database(m, PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1), &m->err) != OK) {
        leave(m, &m->err);
    } else {
        ask_of_spool(m, sql_loaded_progress, on_progress);
    }
}

static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    (void)r;
    if (err != NULL)
        end(ctx, err);
    else
        query_identity(ctx);
}

static void query_identity(struct loaded_publish *m)
{
    static const char begin[] = "BEGIN ISOLATION LEVEL READ COMMITTED;\n"
                                "SET LOCAL search_path = pg_catalog, pg_temp;\n";

    buf_reset(&m->sql);
    if (buf_adds(&m->sql, begin) != OK || buf_adds(&m->sql, sql_loaded_id) != OK) {
        err_set(&m->err, ERR_NOMEM, "out of memory");
        end(m, &m->err);
        return;
    }
    db_query_bare(m->db, m->sql.data, on_identity, m);
}

/* Whether the spool was told all of this before. */
static bool is_told(const struct loaded_publish *m, const struct loaded_row *row)
{
    struct loaded loaded;
    struct err why = ERR_INIT;
    bool told = false;

    if (loaded_read(m->conf.spool, row->table, &loaded, &why) != OK)
        return false;
    for (size_t i = 0; i < loaded.count; i++) {
        const struct loaded_entry *e = &loaded.entries[i];
        told = told || (strcmp(e->id, m->entry.id) == 0 &&
                        page_compare(e->place, row->place) == 0 && e->holes == row->holes &&
                        (e->holes == 0 || page_compare(e->hole, row->hole) == 0) &&
                        e->gaps == row->gaps && strcmp(e->book, row->book) == 0);
    }
    loaded_free(&loaded);
    return told;
}

/* Uses the look, after which this run has sent nothing that may have changed the database. Returns false if the look says something that the
 * spool was not told. */
static bool use_look(struct loaded_publish *m)
{
    struct err e = ERR_INIT;

    if (m->conf.look == NULL || !tables_look_counts(m->conf.look) || !m->conf.store ||
        name_database(m, tables_look_database(m->conf.look), tables_look_name(m->conf.look), &e) !=
            OK)
        return false;
    m->entry.at -=
        when_tick() - tables_look_at(m->conf.look); /* the look may be of before the run */
    bool told = read_rows(m, tables_look_loaded(m->conf.look), &e) == OK;
    for (size_t i = 0; told && i < m->count; i++)
        told = is_told(m, &m->rows[i]);
    if (told) {
        start_work(m);
        return true;
    }
    free(m->rows);
    m->rows = NULL;
    m->count = 0;
    return false;
}

void loaded_publish_run(struct loaded_publish *m, loaded_publish_done_fn *done, void *ctx)
{
    m->done = done;
    m->ctx = ctx;
    if (use_look(m))
        return;
    if (db_lost(m->db))
        db_connect(m->db, on_connected, m);
    else
        query_identity(m);
}

void loaded_publish_stop(struct loaded_publish *m)
{
    if (m->working)
        return;
    db_drop(m->db); /* nobody calls back then */
    err_set(&m->err, ERR_INTERRUPTED, "stopped before the spool was told what is loaded");
    end(m, &m->err);
}
