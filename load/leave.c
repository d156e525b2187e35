#include "load/leave.h"
#include "load/schema.h"
#include "load/sql.h"
#include "shared/log.h"
#include "shared/names.h"
#include "shared/when.h"
#include "spool/catalog.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536u

struct leave {
    struct db *db;
    const struct spool *spool;
    leave_done_fn *done;
    void *ctx;
    struct relation *relations; /* of catalog's entries, in the same order */
    struct catalog catalog;
    size_t next;
    struct buf sql;
};

static void ask_next(struct leave *l);

enum err_code leave_open(struct leave **out, struct db *db, const struct spool *s, struct err *e)
{
    struct leave *l = calloc(1, sizeof *l);

    if (l == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    l->db = db;
    l->spool = s;
    buf_init(&l->sql, SQL_MAX);
    *out = l;
    return OK;
}

void leave_free(struct leave *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->catalog.count; i++)
        relation_free(&l->relations[i]);
    free(l->relations);
    catalog_free(&l->catalog);
    buf_free(&l->sql);
    free(l);
}

static void give_up(struct leave *l, const struct err *why)
{
    bool harmless = why->sys == EROFS || why->sys == EACCES || why->sys == EPERM;

    LOG(harmless ? LOG_DEBUG : LOG_WARN, "catalog",
        "the extractor is not told what the database holds", F_ERR(why));
    l->done(l->ctx, why);
}

/* One table of sql_list_tables. Those whose names the API cannot have are no tables of ours. */
static enum err_code add(struct leave *l, struct catalog_entry *entry, struct relation *relation,
                         const PGresult *r, int row, struct err *e)
{
    struct err name = ERR_INIT;
    const char *table = PQgetvalue(r, row, LIST_TABLE);

    if (!PQgetisnull(r, row, LIST_PROBLEM) || names_check_table(table, "the database", &name) != OK)
        return OK;
    if (relation_read(relation, r, row, e) != OK) {
        relation_free(relation);
        return e->code;
    }
    entry->table = strdup(table);
    entry->key = strdup(relation->key);
    entry->max_time_modified = WHEN_NONE;
    l->catalog.count++;
    return entry->table != NULL && entry->key != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory");
}

static int by_table(const void *a, const void *b)
{
    const struct catalog_entry *x = a;
    const struct catalog_entry *y = b;

    return strcmp(x->table, y->table);
}

static void write_down(struct leave *l)
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
    struct leave *l = ctx;

    if (err != NULL) {
        give_up(l, err);
        return;
    }
    if (PQntuples(r) == 1 && !PQgetisnull(r, 0, 0))
        l->catalog.entries[l->next].max_time_modified = schema_number(r, 0, 0);
    l->next++;
    ask_next(l);
}

static void ask_next(struct leave *l)
{
    struct err e = ERR_INIT;

    if (l->next >= l->catalog.count || l->relations == NULL) {
        write_down(l);
        return;
    }
    const struct relation *r = &l->relations[l->next];
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}};
    buf_reset(&l->sql);
    if (sql_expand(&l->sql, sql_max_modified, vars, 2, &e) != OK)
        give_up(l, &e);
    else
        db_query(l->db, l->sql.data, NULL, 0, on_greatest, l);
}

static enum err_code read_list(struct leave *l, const PGresult *r, struct err *e)
{
    size_t n = (size_t)PQntuples(r);

    l->catalog.entries = calloc(n + 1, sizeof *l->catalog.entries);
    l->relations = calloc(n + 1, sizeof *l->relations);
    if (l->catalog.entries == NULL || l->relations == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        enum err_code rc = add(l, &l->catalog.entries[l->catalog.count],
                               &l->relations[l->catalog.count], r, (int)i, e);
        if (rc != OK)
            return rc;
    }
    return OK;
}

static void on_list(void *ctx, const PGresult *r, const struct err *err)
{
    struct leave *l = ctx;
    struct err e = ERR_INIT;

    if (err != NULL) {
        give_up(l, err);
        return;
    }
    if (read_list(l, r, &e) != OK)
        give_up(l, &e);
    else
        ask_next(l);
}

void leave_run(struct leave *l, leave_done_fn *done, void *ctx)
{
    l->done = done;
    l->ctx = ctx;
    db_query(l->db, sql_list_tables, NULL, 0, on_list, l);
}
