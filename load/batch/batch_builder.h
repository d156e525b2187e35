/*
 * From the spool into a batch: pages read in order, their records taken apart, until the batch is
 * full or the spool has no more.
 *
 *     fill_open(&f, spool, "contacts", &conf, e);
 *     fill_seek(f, progress, e);
 *     fill_run(f, &what, e);      // FILL_READY: fill_batch(f), fill_aside(f), fill_tally(f),
 * fill_reached(f) fill_ahead(f) ...           // meanwhile: a part of the next batch
 *     fill_settle(f, e);          // that is committed: on to the next batch; or
 *     fill_seek(f, ..., e);       // it is not: again from there, perhaps otherwise (fill_shape)
 *
 * With conf.letters the records are those that were set aside before (redrive.h): there is no
 * progress then, and those that went in leave the file after fill_settle.
 *
 * Damaged pages are named in the log, counted and passed over. Does no network, and no writing.
 */
#ifndef NETTY_LOAD_BATCH_BATCH_BUILDER_H
#define NETTY_LOAD_BATCH_BATCH_BUILDER_H

#include "load/batch/batch.h"
#include "load/batch/batch_slot.h"
#include "load/dead_letters/rejects.h"
#include "load/row/lane.h"
#include "load/row/row.h"

struct fill_conf {
    struct batch_conf batch;
    struct row_conf row;
    int64_t fetched_from; /* replay: pages fetched in [from, to), or WHEN_NONE */
    int64_t fetched_to;
    uint64_t segment; /* replay: of this segment only; 0: any */
    bool letters;     /* redrive */
    bool look;        /* --dry-run: letters that would go in stay */
};

enum fill_what {
    FILL_READY, /* a batch (or at least progress) to commit */
    FILL_END,   /* nothing more in the spool now, and nothing to commit */
    FILL_MORE,  /* much was passed over: call again, after a look at the loop */
};

struct fill;
struct lot;
struct unchanged;
enum err_code fill_open(struct fill **f, const struct spool *s, const char *table,
                        const struct fill_conf *conf, struct err *e) MUST_CHECK;
void fill_close(struct fill *f);

/* From the next fill_seek on lines that this cache knows are not looked at (batch_row.cached). The caller's; NULL: none. */
void fill_remember(struct fill *f, struct unchanged *u);
/* Drops what is in the batch; the next line is the first after `at`. */
enum err_code fill_seek(struct fill *f, const struct progress *at, struct err *e) MUST_CHECK;
/* The batches' shape from the next fill_seek or fill_settle on. */
void fill_shape(struct fill *f, size_t rows_max, bool fold);
/* From now on only the lines of these lanes, and none behind `until` (NULL: no such end, nor after fill_open). A line
 * without a usable key is lane 0's. What is left out is not counted either. */
void fill_lanes(struct fill *f, unsigned lanes, const struct progress *until);
enum err_code fill_run(struct fill *f, enum fill_what *what, struct err *e) MUST_CHECK;
/* While a batch is on its way: a page of the next one. False: no more for now. fill_settle turns to that one, fill_seek
 * drops it. */
bool fill_ahead(struct fill *f);
/* It has begun, and has something to commit. */
bool fill_has_ahead(const struct fill *f);
/* Sorts what there is of it (batch_sort_shares), so that the server need not wait for that. */
void fill_sort_ahead(struct fill *f, unsigned shares);
enum err_code fill_settle(struct fill *f, struct err *e) MUST_CHECK;

/* The database refuses a row of the batch; and: what is set aside is durable, the batch may be
 * committed. */
enum err_code fill_refused(struct fill *f, const struct batch_row *row, const struct err *why,
                           struct err *e) MUST_CHECK;
enum err_code fill_write_aside(struct fill *f, struct lot *lot, struct err *e) MUST_CHECK;

/* The batch that fill_run has made, with all that belongs to it (batch_slot.h), ... */
struct lot *fill_lot(struct fill *f);
/* ... and the one that is read ahead, once that is complete; else NULL. fill_settle makes it the other. */
struct lot *fill_lot_ahead(struct fill *f);
/* There are lines behind it that a later batch will have. */
bool fill_has_more(const struct fill *f, const struct lot *lot);
/* Some key at its beginning is one of the batch before, too. */
bool fill_repeats(const struct fill *f, const struct lot *lot);
/* A text[] as text: names that all rows of the batch have, or some of them. Good until it is settled. */
const char *fill_names(struct fill *f, struct lot *lot);

/* Of fill_lot: */
struct batch *fill_batch(struct fill *f);
struct rejects *fill_aside(struct fill *f);
struct fill_tally fill_tally(const struct fill *f, unsigned lanes); /* of these lanes' lines */
const struct progress *fill_reached(const struct fill *f);          /* once the batch is in */
/* A letter that has gone in, and may still stand in the file. */
bool fill_gone(const struct fill *f, struct page_place place, uint64_t line);
uint64_t fill_damaged(const struct fill *f); /* pages, since fill_open */

#endif
