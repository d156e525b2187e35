/*
 * A walk over one table, window of keys by window of keys, that takes out the rows that fit a condition. Each window has a transaction of its own,
 * with at most so many rows. Either the rows come here (take) and are then removed, or one statement moves them within the database (move).
 *
 *     struct row_mover m = {.relation = r, .condition = "...", .rows = 1000, .bytes = 4 << 20, ...};
 *     row_mover_run(&m, session, e);     // m.counts tells what was done, also after a failure
 *
 * If a foreign key would change rows elsewhere, the walk is refused. Rows that others refer to stay, and are counted and named in the log. Rows that
 * another transaction has locked are passed over and not counted; the next run takes them. Nothing is remembered between runs: rows that were
 * moved are not met again, the others are.
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
    uint64_t merged; /* rows moved that met another row with their key */
    uint64_t
        held; /* rows that fit the condition and stay, since others refer to them (references.h) */
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
        noted; /* taken rows are noted (sql_put_away_note), so that a reload does not bring them back */
    /* Called while the rows are locked, before they are removed: makes them durable elsewhere. */
    enum err_code (*take)(void *ctx, const PGresult *rows, struct err *e); /* rows: key line */
    /* Or instead: moves the rows of a window. The answer has one row: last due moved merged keys. */
    enum err_code (*move)(void *ctx, struct session *s, const struct row_mover_window *w,
                          PGresult **moved, struct err *e);
    void *ctx;
    struct row_mover_counts counts;
    /* Private: */
    size_t share;     /* rows of a transaction at present: fewer after a time limit */
    int64_t from, to; /* the window */
    bool over;
    struct references *references;
    struct buf taken;  /* the condition, less the rows that others refer to */
    struct buf held;   /* those rows' condition */
    char first[160];   /* the keys of the first held rows */
    struct buf unsure; /* the keys of a COMMIT whose answer was lost, or empty */
    size_t unsure_rows;
};

#define ROW_MOVER_NUMBER 24 /* an int64_t as text */
const char *row_mover_number(int64_t n, char out[ROW_MOVER_NUMBER]);

enum err_code row_mover_run(struct row_mover *m, struct session *s, struct err *e) MUST_CHECK;

#endif
