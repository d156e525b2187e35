/*
 * The database's side of one table: where it is, its key, and how far this spool has been loaded into it.
 *
 *     target_table_open(&s, &conf, e);
 *     target_table_find(s, db, done, ctx);    // done: relation and progress are known, or why they are not
 *     target_table_close(s);
 *
 * Makes netty_sync if it is missing, and with conf.create the table. With conf.dry_run nothing is made: then a missing netty_sync means
 * that nothing is loaded, and a missing table is no error (relation.name is NULL).
 */
#ifndef NETTY_LOAD_TARGET_TARGET_TABLE_H
#define NETTY_LOAD_TARGET_TARGET_TABLE_H

#include "load/database/db.h"
#include "load/target/known_progress.h"
#include "load/target/table_list.h"
#include "load/target/tables_look.h"
#include "spool/store/spool.h"

struct relation {
    char *schema, *name, *key, *key_type;
    int64_t key_min, key_max;
    unsigned key_size; /* bytes of its integers */
    char identity[64]; /* changes when the table is emptied, made again or rewritten */
    bool
        triggers; /* it has BEFORE ... FOR EACH ROW triggers, which may change, skip or redirect a row */
    bool
        retimed; /* these triggers change time_modified: of two versions the one fetched later counts */
    bool direct; /* COPY into the table does what INSERT does, and rows are stored as sent */
};
void relation_free(struct relation *r);

struct target_table_conf {
    const char *spool; /* its identity */
    const struct spool *
        records; /* the spool itself, whose records tell the key of a table that is made; borrowed */
    const char *table;  /* the API's name */
    const char *schema; /* --schema; NULL: what search_path shows */
    bool create;        /* --create-tables */
    bool dry_run;       /* --dry-run */
    struct tables_look
        *look; /* at all tables of the run, borrowed; NULL: this table is looked at alone */
    void (*busy)(void *ctx); /* called when a statement is sent for this table alone; may be NULL */
    void *ctx;
};

struct target_table;
typedef void target_table_done_fn(void *ctx, const struct err *err); /* NULL: found */

enum err_code target_table_open(struct target_table **s, const struct target_table_conf *conf,
                                struct err *e) MUST_CHECK;
void target_table_close(
    struct target_table *s); /* not while target_table_find is under way, unless db is dropped */
void target_table_find(struct target_table *s, struct db *db, target_table_done_fn *done,
                       void *ctx);

/* Sends no further statement. done comes when the statement under way has ended, with ERR_INTERRUPTED if something was left to ask. */
void target_table_stop(struct target_table *s);

const struct relation *target_table_relation(const struct target_table *s);
struct known_progress *target_table_known(struct target_table *s);
bool target_table_empty(
    const struct target_table *s); /* nothing was loaded, and the table had no row */

/* Returns true if the table has triggers and it is not known what they do to time_modified: probe before anything is loaded. */
bool target_table_must_probe(const struct target_table *s);
void target_table_probe(struct target_table *s, target_table_done_fn *done, void *ctx);
/* Returns the when_tick() of what is known of the table: of its own look, or of the look at all tables. */
int64_t target_table_at(const struct target_table *s);
/* Returns the look by which the table was found, if the identity of the database that it saw holds for db; or NULL. */
const struct tables_look *target_table_look(const struct target_table *s);

/* Returns true if the triggers may set time_modified and there was no row to try that on: probe again when there is one. */
bool target_table_unprobed(const struct target_table *s);

/* The statement that lists the netty-* tables of the schema (NULL: those that search_path shows), for db_query_bare. */
enum err_code target_table_list(struct buf *sql, const char *schema, struct err *e) MUST_CHECK;
/* Fills r from a row of sql_list_tables (copies). */
enum err_code relation_read(struct relation *r, const PGresult *list, int row,
                            struct err *e) MUST_CHECK;

#endif
