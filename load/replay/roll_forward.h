/*
 * Rolls records forward to the newest loaded version of their key. Needed when records are loaded out of their turn: by redrive, and by a
 * replay of a part.
 *
 * The database does not know which line a row came from. So an old version would overwrite a newer one of the same time_modified, or of none. The
 * result must be that of upserts in the order of the spool. So before such a batch is sent, each record r is merged with all later lines
 * of its key in the spool that the database has already loaded (up to its progress, and not those that are dead letters): r || later_1 ||
 * later_2 ..., with the time of the last one. With --update replace the last line alone is taken. Upserted over the stored row, this gives
 *
 *     stored || r || later_1 ...    = before || r || later_1 ...
 *
 * since stored = before || later_1 ..., and with || the last one wins, however often it comes. The stored time still holds back what is
 * older. Lines before the record tell which of the lines behind it were stale (older than what was there) when they came.
 *
 *     roll_forward_open(&l, &conf, e);
 *     roll_forward_begin(l, batch, &known, &loaded, e);
 *     while (roll_forward_run(l, &more, e) == OK && more) ...    // some pages of the spool at a time
 *     roll_forward_catch_up(l, lanes, &at, e);                   // in the transaction, with the progress locked
 *     roll_forward_close(l);
 *
 * Others may load meanwhile. What they have put in since is read under the lock of the progress, right before the rows are sent, so that
 * nobody sees a record go back.
 *
 * Cost: the spool is read from its beginning once for each batch; most lines of other keys are not even parsed. Memory: the batch once more.
 * Lines that were pruned or are damaged cannot be taken into account.
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
    /* Returns true if the line is among the dead letters but has gone in since (redrive). */
    bool (*redriven)(void *ctx, struct page_place place, uint64_t line);
    void *ctx;
};

struct roll_forward;
enum err_code roll_forward_open(struct roll_forward **l, const struct roll_forward_conf *conf,
                                struct err *e) MUST_CHECK;
void roll_forward_close(struct roll_forward *l); /* NULL is fine */

/* Begins with this batch, which stays the caller's. Lines up to `known` count as loaded. Lines up to `loaded` are: a row that differs from the
 * last of those with its key and time is news (struct batch_row). */
enum err_code roll_forward_begin(struct roll_forward *l, struct batch *b, const struct lanes *known,
                                 const struct lanes *loaded, struct err *e) MUST_CHECK;
/* Reads some pages. *more: the end is not reached yet. Otherwise the batch's rows are rolled forward; their order is kept. */
enum err_code roll_forward_run(struct roll_forward *l, bool *more, struct err *e) MUST_CHECK;
/* Rolls the rows of these lanes forward to where the database is by now. */
enum err_code roll_forward_catch_up(struct roll_forward *l, unsigned lanes, const struct lanes *at,
                                    struct err *e) MUST_CHECK;

#endif
