/*
 * What the spool's later lines say of records that are loaded out of their turn: by --redrive, and
 * by --replay of a part.
 *
 * Nothing in the database tells which line a row came from, so an upsert of an earlier line would
 * be put over what a later one of the same time, or of none, has left there. What must come out is
 * what upserts one after the other in the spool's order give. So before a batch is sent, each of its
 * records is carried on through the lines of its key that stand behind it and have been loaded (up
 * to the database's progress, and not set aside), as upserts would: r || later || later ..., its
 * time the last one's; with --update replace the last one alone. This over the stored row gives
 *
 *     stored || r || later ...    = what was before || r || later ...
 *
 * for stored = what was before || later ..., and || lets the last one win, however often it comes.
 * Stored times still keep what is older away. Lines that stand before the record tell which of those
 * behind it were stale when they came.
 *
 *     roll_forward_open(&l, &conf, e);
 *     roll_forward_begin(l, batch, &known, &loaded, e);
 *     while (roll_forward_run(l, &more, e) == OK && more) ...    // some pages of the spool at a time
 *     roll_forward_catch_up(l, lanes, &at, e);                   // in the transaction, with the progress locked
 *     roll_forward_close(l);
 *
 * Others may load meanwhile: what they have put in since is read under the progress's lock, right
 * before the rows are sent, so that nobody sees a record go back.
 *
 * Reads the spool from its beginning once for each batch; most lines of other keys are not even
 * parsed. Memory: the batch once more. What was pruned or is damaged cannot be read.
 */
#ifndef NETTY_LOAD_REPLAY_ROLL_FORWARD_H
#define NETTY_LOAD_REPLAY_ROLL_FORWARD_H

#include "load/batch/batch.h"
#include "load/row/lane.h"
#include "spool/store/spool.h"

struct roll_forward_conf {
    const struct spool *spool;
    const char *table;
    struct row_conf row;
    bool replace; /* --update replace */
    /* A line that stands in the dead letters has gone in since (redrive). */
    bool (*redriven)(void *ctx, struct page_place place, uint64_t line);
    void *ctx;
};

struct roll_forward;
enum err_code roll_forward_open(struct roll_forward **l, const struct roll_forward_conf *conf,
                                struct err *e) MUST_CHECK;
void roll_forward_close(struct roll_forward *l); /* NULL is fine */

/* Begins anew with this batch, which stays the caller's. known: the lines up to there count as loaded; up to `loaded` they are: a row that
 * differs from the last of those of its key and time is news (struct batch_row). */
enum err_code roll_forward_begin(struct roll_forward *l, struct batch *b, const struct lanes *known,
                                 const struct lanes *loaded, struct err *e) MUST_CHECK;
/* *more: not at the end yet. Else the batch's rows are what they have to be; their order is kept. */
enum err_code roll_forward_run(struct roll_forward *l, bool *more, struct err *e) MUST_CHECK;
/* The rows of these lanes, carried on to where the database is by now. */
enum err_code roll_forward_catch_up(struct roll_forward *l, unsigned lanes, const struct lanes *at,
                                    struct err *e) MUST_CHECK;

#endif
