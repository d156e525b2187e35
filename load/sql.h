/*
 * The loader's SQL: files in load/sql/ that psql can run too, compiled in as strings.
 *
 * They use psql's own variables: :"name" is an identifier, :'name' a literal. sql_expand puts the values in, quoted
 * for PostgreSQL (identifiers with doubled ", literals with doubled ' and E'' where a \ is in them); nothing else of the text is touched, and a variable that
 * has no value is an error, as is a value that is given and not used nowhere in the text.
 */
#ifndef NETTY_LOAD_SQL_H
#define NETTY_LOAD_SQL_H

#include "shared/buf.h"
#include "shared/err.h"

struct sql_var {
    const char *name;
    const char *value;
};

enum err_code sql_expand(struct buf *out, const char *text, const struct sql_var *vars, size_t n,
                         struct err *e) MUST_CHECK;

/* One constant for each file, named for it: load/sql/upsert_merge.sql is sql_upsert_merge. */
extern const char sql_schema[];          /* netty_sync and its tables, where missing */
extern const char sql_list_tables[];     /* the netty-* relations with key, key type, columns */
extern const char sql_create_table[];    /* NETTY.md's shape; variables relation, key */
extern const char sql_batch_begin[];     /* in a transaction: settings, the temporary table */
extern const char sql_batch_copy[];      /* COPY ... FROM STDIN (FORMAT binary) */
extern const char sql_upsert_merge[];    /* variables relation, key, keytype; one row of counts */
extern const char sql_upsert_replace[];
extern const char sql_progress_lock[];   /* read and lock this spool's and table's progress */
extern const char sql_progress_store[];
extern const char sql_max_modified[];    /* the catalog's greatest time_modified */

#endif
