/*
 * A walk over one table in batches of bounded work, taking rows out that fit a condition: window of
 * keys after window of keys, each with a transaction of its own that takes up to so many rows. Either
 * they come here (take) and are then removed, or one statement moves them within the database (move).
 *
 *     struct row_mover m = {.relation = r, .condition = "...", .rows = 1000, .bytes = 4 << 20, ...};
 *     row_mover_run(&m, session, e);     // m.counts tells what was done, also after a failure
 *
 * Foreign keys that would change rows elsewhere refuse the walk; rows that others refer to stay, and are counted and named in the log.
 * Rows that another transaction has locked are passed over (counts.rows has not got them; the next
 * run will). Nothing is remembered between runs: what has gone is not met again, what was not is.
 */
#ifndef NETTY_LOAD_ROW_MOVES_ROW_MOVER_H
#define NETTY_LOAD_ROW_MOVES_ROW_MOVER_H

#include "load/command/session.h"
#include "load/row_moves/references.h"
#include "load/target/target_table.h"
#include "shared/base/buf.h"

struct row_mover_counts {
    uint64_t rows;  /* taken out; with dry_run: to be taken out */
    uint64_t bytes; /* of them as JSON */
    uint64_t batches;
    uint64_t merged; /* of those moved: they met another row of their key */
    uint64_t held;   /* fit the condition and stay, for others refer to them (references.h) */
};

/* A part of the walk: the first `rows` rows of the keys from `from` to `to`. */
struct row_mover_window {
    int64_t from, to;
    size_t rows;
    const char *condition; /* the row_mover's, less the rows that others refer to */
};

struct row_mover {
    const struct relation *relation;
    const char *condition; /* SQL on the row t; text that comes from here, never from outside */
    size_t rows, bytes;    /* of a transaction */
    bool dry_run;
    bool in_place; /* move changes rows and removes none */
    bool
        noted; /* rows that are taken are noted (sql_put_away_note): a reload does not bring them back */
    /* Between the rows' lock and their end: what must have happened to them before they may go. */
    enum err_code (*take)(void *ctx, const PGresult *rows, struct err *e); /* rows: key line */
    /* Or else: moves a window's rows, one row in answer: last due moved merged keys. */
    enum err_code (*move)(void *ctx, struct session *s, const struct row_mover_window *w,
                          PGresult **moved, struct err *e);
    void *ctx;
    struct row_mover_counts counts;
    /* Its own: */
    size_t share;     /* of rows, at present: less after a time limit */
    int64_t from, to; /* the window */
    bool over;
    struct references *references;
    struct buf taken;  /* the condition, less the rows that others refer to */
    struct buf held;   /* those rows' condition */
    char first[160];   /* keys of the first of them */
    struct buf unsure; /* keys of a COMMIT whose answer was lost, or empty */
    size_t unsure_rows;
};

#define ROW_MOVER_NUMBER 24 /* an int64_t as text */
const char *row_mover_number(int64_t n, char out[ROW_MOVER_NUMBER]);

enum err_code row_mover_run(struct row_mover *m, struct session *s, struct err *e) MUST_CHECK;

#endif
