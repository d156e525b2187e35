#include "load/publish/catalog_publish.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/target/target_table.h"
#include "shared/base/table_names.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/control/catalog.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536u
#define FRESH   (24 * 3600 * WHEN_SECOND)

struct place {
    struct relation relation;
    bool indexed;
    int row; /* in the list */
};

struct catalog_publish {
    struct db *db;
    const struct spool *spool;
    const char *schema;
    const struct tables_look *look; /* or NULL */
    catalog_publish_greatest_fn *greatest;
    catalog_publish_done_fn *done;
    void *ctx;
    char database[64];      /* its identity, or "" */
    struct catalog last;    /* what the spool's catalog said before */
    struct catalog catalog; /* what it will say */
    struct place *places;   /* of its entries, in the same order */
    size_t next;
    bool connected; /* here: db was not */
    struct buf sql;
};

static void query_next(struct catalog_publish *l);

enum err_code catalog_publish_open(struct catalog_publish **out, struct db *db,
                                   const struct spool *s, const char *schema, struct err *e)
{
    struct catalog_publish *l = calloc(1, sizeof *l);

    if (l == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    l->db = db;
    l->spool = s;
    l->schema = schema;
    buf_init(&l->sql, SQL_MAX);
    *out = l;
    return OK;
}

void catalog_publish_free(struct catalog_publish *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->catalog.count; i++)
        relation_free(&l->places[i].relation);
    free(l->places);
    catalog_free(&l->catalog);
    catalog_free(&l->last);
    buf_free(&l->sql);
    free(l);
}

static void give_up(struct catalog_publish *l, const struct err *why)
{
    bool harmless = why->sys == EROFS || why->sys == EACCES || why->sys == EPERM;

    LOG(harmless ? LOG_DEBUG : LOG_WARN, "catalog",
        "the extractor is not told what the database holds", F_ERR(why));
    l->done(l->ctx, why);
}

static enum err_code add_source(const struct catalog_publish *l, struct catalog_entry *entry,
                                const char *identity, struct err *e)
{
    char source[128];

    if (l->database[0] == '\0')
        return OK;
    (void)snprintf(source, sizeof source, "%s.%s", l->database, identity);
    entry->source = strdup(source);
    return entry->source != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

/* Adds one table of sql_list_tables. A table whose name the API cannot have is left out. */
static enum err_code add(struct catalog_publish *l, const PGresult *r, int row, struct err *e)
{
    struct catalog_entry *entry = &l->catalog.entries[l->catalog.count];
    struct place *place = &l->places[l->catalog.count];
    struct err name = ERR_INIT;
    const char *table = PQgetvalue(r, row, LIST_TABLE);

    if (!PQgetisnull(r, row, LIST_PROBLEM) || names_check_table(table, "the database", &name) != OK)
        return OK;
    l->catalog.count++;
    place->row = row;
    place->indexed = strcmp(PQgetvalue(r, row, LIST_INDEXED), "t") == 0;
    if (relation_read(&place->relation, r, row, e) != OK)
        return e->code;
    entry->max_time_modified = entry->measured = WHEN_NONE;
    entry->table = strdup(table);
    entry->key = strdup(place->relation.key);
    if (entry->table == NULL || entry->key == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    return add_source(l, entry, PQgetvalue(r, row, LIST_IDENTITY), e);
}

static int by_table(const void *a, const void *b)
{
    const struct catalog_entry *x = a;
    const struct catalog_entry *y = b;

    return strcmp(x->table, y->table);
}

static void write_down(struct catalog_publish *l)
{
    struct err e = ERR_INIT;

    l->catalog.written = when_now();
    if (l->catalog.count > 1)
        qsort(l->catalog.entries, l->catalog.count, sizeof *l->catalog.entries, by_table);
    if (catalog_write(l->spool, &l->catalog, &e) != OK)
        give_up(l, &e);
    else
        l->done(l->ctx, NULL);
}

static void on_greatest(void *ctx, const PGresult *r, const struct err *err)
{
    struct catalog_publish *l = ctx;

    if (err != NULL) {
        give_up(l, err);
        return;
    }
    struct catalog_entry *entry = &l->catalog.entries[l->next++];
    entry->measured = when_now();
    if (PQntuples(r) == 1 && !PQgetisnull(r, 0, 0))
        entry->max_time_modified = db_answer_number(r, 0, 0);
    query_next(l);
}

/* Whether what the last catalog says of the table may still be used. */
static bool is_fresh(const struct catalog_entry *last, const struct catalog_entry *entry,
                     int64_t now)
{
    return last != NULL && last->source != NULL && entry->source != NULL &&
           strcmp(last->source, entry->source) == 0 && last->measured != WHEN_NONE &&
           last->measured <= now && now - last->measured < FRESH;
}

/* Whether the greatest time is known without reading the table. */
static bool is_known(struct catalog_publish *l, struct catalog_entry *entry)
{
    const struct catalog_entry *last = catalog_find(&l->last, entry->table);
    int64_t now = when_now();
    bool whole = false;
    int64_t mine = l->greatest != NULL ? l->greatest(l->ctx, entry->table, &whole) : WHEN_NONE;

    if (whole) {
        entry->measured = now;
        entry->max_time_modified = mine;
        return true;
    }
    if (!is_fresh(last, entry, now))
        return false;
    entry->measured = last->measured;
    entry->max_time_modified = last->max_time_modified;
    if (mine != WHEN_NONE &&
        (last->max_time_modified == WHEN_NONE || mine > entry->max_time_modified))
        entry->max_time_modified = mine;
    return true;
}

/* Takes the greatest time from the look at all tables, which was made before this run's rows went in. */
static bool was_seen(struct catalog_publish *l, const struct place *place,
                     struct catalog_entry *entry)
{
    bool whole = false;
    int64_t mine = l->greatest != NULL ? l->greatest(l->ctx, entry->table, &whole) : WHEN_NONE;
    int64_t at = WHEN_NONE;

    if (l->look == NULL || !tables_look_greatest(l->look, place->row, &at))
        return false;
    entry->measured = when_now();
    entry->max_time_modified = at == WHEN_NONE || (mine != WHEN_NONE && mine > at) ? mine : at;
    return true;
}

static bool is_told(struct catalog_publish *l, size_t i)
{
    return l->places[i].indexed ? was_seen(l, &l->places[i], &l->catalog.entries[i])
                                : is_known(l, &l->catalog.entries[i]);
}

static void on_connected(void *ctx, const PGresult *r, const struct err *err)
{
    (void)r;
    if (err != NULL)
        give_up(ctx, err);
    else
        query_next(ctx);
}

static void query_next(struct catalog_publish *l)
{
    struct err e = ERR_INIT;

    while (l->next < l->catalog.count && is_told(l, l->next))
        l->next++;
    if (l->next >= l->catalog.count) {
        write_down(l);
        return;
    }
    if (db_lost(l->db) && !l->connected) {
        l->connected = true;
        db_connect(l->db, on_connected, l);
        return;
    }
    const struct relation *r = &l->places[l->next].relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}};
    buf_reset(&l->sql);
    if (sql_expand(&l->sql, sql_max_modified, vars, 2, &e) != OK)
        give_up(l, &e);
    else
        db_query(l->db, l->sql.data, NULL, 0, on_greatest, l);
}

static enum err_code read_list(struct catalog_publish *l, const PGresult *r, struct err *e)
{
    size_t n = (size_t)PQntuples(r);
    enum err_code rc = OK;

    l->catalog.entries = calloc(n + 1, sizeof *l->catalog.entries);
    l->places = calloc(n + 1, sizeof *l->places);
    if (l->catalog.entries == NULL || l->places == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == OK && i < n; i++)
        rc = add(l, r, (int)i, e);
    return rc;
}

static void on_list(void *ctx, const PGresult *r, const struct err *err)
{
    struct catalog_publish *l = ctx;
    struct err e = ERR_INIT;

    if (err != NULL) {
        give_up(l, err);
        return;
    }
    if (read_list(l, r, &e) != OK)
        give_up(l, &e);
    else
        query_next(l);
}

static void read_last(struct catalog_publish *l)
{
    struct err e = ERR_INIT;

    if (catalog_read(l->spool, &l->last, &e) != OK && !(e.code == ERR_IO && e.sys == ENOENT))
        LOG(LOG_DEBUG, "catalog", "the last catalog cannot be used", F_ERR(&e));
}

/* Takes the database's identity. Without one, its tables are read each time. */
static void on_database(void *ctx, const PGresult *r, const struct err *err)
{
    struct catalog_publish *l = ctx;
    struct err e = ERR_INIT;

    if (err != NULL && db_lost(l->db)) {
        give_up(l, err);
        return;
    }
    if (err == NULL && PQntuples(r) == 1)
        (void)snprintf(l->database, sizeof l->database, "%s", PQgetvalue(r, 0, 0));
    read_last(l);
    if (target_table_list(&l->sql, l->schema, &e) != OK)
        give_up(l, &e);
    else
        db_query_bare(l->db, l->sql.data, on_list, l);
}

void catalog_publish_use(struct catalog_publish *l, const struct tables_look *look)
{
    l->look = look;
}

void catalog_publish_run(struct catalog_publish *l, catalog_publish_greatest_fn *greatest,
                         catalog_publish_done_fn *done, void *ctx)
{
    l->greatest = greatest;
    l->done = done;
    l->ctx = ctx;
    if (l->look != NULL && tables_look_counts(l->look)) {
        (void)snprintf(l->database, sizeof l->database, "%s", tables_look_database(l->look));
        read_last(l);
        on_list(l, tables_look_list(l->look), NULL);
        return;
    }
    l->look = NULL;
    db_query(l->db, sql_loaded_id, NULL, 0, on_database, l);
}
