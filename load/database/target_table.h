/*
 * The database's side of one table: where it is, its key, and how far this spool has been loaded
 * into it.
 *
 *     schema_find(&s, db, &conf, done, ctx);    // done: relation and progress are known, or why
 * not
 *
 * Makes netty_sync where it is missing, and with conf.create the table. With conf.look nothing is
 * made: then a missing netty_sync means that nothing is loaded, and a missing table is no error
 * (relation.name is NULL).
 */
#ifndef NETTY_LOAD_DATABASE_TARGET_TABLE_H
#define NETTY_LOAD_DATABASE_TARGET_TABLE_H

#include "load/database/db.h"
#include "load/row/lane.h"

struct relation {
    char *schema, *name, *key, *key_type;
    int64_t key_min, key_max;
    unsigned key_size; /* bytes of its integers */
    bool direct; /* COPY into it does what INSERT does, and rows are stored as they are sent */
};
void relation_free(struct relation *r);

struct schema_conf {
    const char *spool; /* its identity */
    const char *table; /* the API's name */
    bool create;       /* --create-tables */
    bool look;         /* --dry-run */
};

struct schema;
typedef void schema_done_fn(void *ctx, const struct err *err); /* NULL: found */

enum err_code schema_open(struct schema **s, const struct schema_conf *conf,
                          struct err *e) MUST_CHECK;
void schema_close(struct schema *s); /* not while schema_find is under way, unless db is dropped */
void schema_find(struct schema *s, struct db *db, schema_done_fn *done, void *ctx);

const struct relation *schema_relation(const struct schema *s);
const struct lanes *schema_progress(const struct schema *s);
bool schema_empty(const struct schema *s); /* nothing was loaded, and the table had no row */

/* Columns of sql_list_tables. */
enum {
    LIST_SCHEMA,
    LIST_RELATION,
    LIST_TABLE,
    LIST_KEY,
    LIST_KEY_TYPE,
    LIST_MIN,
    LIST_MAX,
    LIST_PROBLEM,
    LIST_RLS,
    LIST_DENIED,
    LIST_INDEXED,
    LIST_IDENTITY,
    LIST_DIRECT,
    LIST_ARCHIVE
};

/* Fills r from a row of sql_list_tables (copies). */
enum err_code relation_read(struct relation *r, const PGresult *list, int row,
                            struct err *e) MUST_CHECK;
/* A whole number out of a result, or 0. */
int64_t schema_number(const PGresult *r, int row, int column);
/* The three columns segment, page, line from that one on. */
struct progress schema_place(const PGresult *r, int row, int column);

#endif
