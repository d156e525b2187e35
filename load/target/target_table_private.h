/* The inside of a target table, shared by target_table.c (what is asked of it alone) and target_table_find.c only. */
#ifndef NETTY_LOAD_TARGET_TARGET_TABLE_PRIVATE_H
#define NETTY_LOAD_TARGET_TARGET_TABLE_PRIVATE_H

#include "load/target/target_table.h"

#define SQL_MAX 65536u

struct target_table {
    struct target_table_conf conf;
    char *table, *spool, *schema;
    struct db *db;
    target_table_done_fn *done;
    void *ctx;
    struct relation relation;
    struct known_progress known;
    struct buf sql;
    bool created, adopted, empty;
    bool
        unstored; /* netty_sync.stored_in cannot be read: the role was given rights before there was one */
    int64_t at;       /* target_table_at */
    bool alone;       /* found without the look at all tables */
    bool must_probe;  /* its triggers have not been tried */
    bool probe_alone; /* ... and it is found: nothing else follows */
    bool unprobed;    /* its triggers may set the time, and there was no row to see that by */
    bool stopping;
    char triggers[256]; /* their names */
};

/* The end of what was asked for: calls back. */
void target_table_end(struct target_table *s, const struct err *err);
/* Bookkeeping, list, triggers, progress, each asked for. */
void target_table_find_alone(struct target_table *s);
void target_table_read_progress(struct target_table *s);
/* The progress is known: of a table that was never loaded, whether it has rows. Then the end. */
void target_table_find_rows(struct target_table *s);

/* target_table_find.c */
void target_table_busy(const struct target_table *s);
void target_table_tell_security(const struct target_table *s, const PGresult *list, int row);
void target_table_name_triggers(struct target_table *s, const PGresult *list, int row);
/* Tries one row's time, takes it back, and goes on to the progress, or with probe_alone to the end. */
void target_table_try_triggers(struct target_table *s);
/* After target_table_stop: true, and that was the end. Before anything more is asked. */
bool target_table_stopped(struct target_table *s);

#endif
