/*
 * From the spool into a batch: pages read in order, their records taken apart, until the batch is
 * full or the spool has no more.
 *
 *     batch_builder_open(&f, spool, "contacts", &conf, e);
 *     batch_builder_seek(f, progress, e);
 *     batch_builder_run(f, &what, e);      // BATCH_BUILDER_READY: batch_builder_batch(f), batch_builder_rejects(f), batch_builder_tally(f),
 * batch_builder_reached(f) batch_builder_read_ahead(f) ...           // meanwhile: a part of the next batch
 *     batch_builder_advance(f, e);          // that is committed: on to the next batch; or
 *     batch_builder_seek(f, ..., e);       // it is not: again from there, perhaps otherwise (batch_builder_shape)
 *
 * With conf.redrive the records are those that were set aside before (redrive.h): there is no
 * progress then, and those that went in leave the file after batch_builder_advance.
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

struct batch_builder_conf {
    struct batch_conf batch;
    struct row_conf row;
    int64_t fetched_from; /* replay: pages fetched in [from, to), or WHEN_NONE */
    int64_t fetched_to;
    uint64_t segment; /* replay: of this segment only; 0: any */
    bool redrive;     /* redrive */
    bool replay;      /* replay, or a reload: these lines have been passed before */
    struct dead_reasons
        *reasons; /* counts the letters that are news; with redrive, those that stay. May be NULL */
    bool dry_run; /* --dry-run: letters that would go in stay */
    int64_t late; /* pages fetched before that are BATCH_LATE, or WHEN_NONE */
    bool hole;    /* all others are BATCH_AGAIN, and damage is no news */
    /* Damage here is known, and no news. May be NULL. */
    bool (*known)(void *ctx, struct page_place place);
    void *ctx;
};

enum batch_builder_what {
    BATCH_BUILDER_READY, /* a batch (or at least progress) to commit */
    BATCH_BUILDER_END,   /* nothing more in the spool now, and nothing to commit */
    BATCH_BUILDER_MORE,  /* much was passed over: call again, after a look at the loop */
};

struct batch_builder;
struct batch_slot;
struct unchanged;
struct member_set;
enum err_code batch_builder_open(struct batch_builder **f, const struct spool *s, const char *table,
                                 const struct batch_builder_conf *conf, struct err *e) MUST_CHECK;
void batch_builder_close(struct batch_builder *f);

/* From the next batch_builder_seek on lines that this cache knows are not looked at (batch_row.cached). The caller's; NULL: none. */
void batch_builder_use_cache(struct batch_builder *f, struct unchanged *u);
/* The members of the lines that become rows are looked at (load/row/member_set.h). The caller's; NULL: none. */
void batch_builder_watch(struct batch_builder *f, struct member_set *members);
/* Drops what is in the batch; the next line is the first after `at`. */
enum err_code batch_builder_seek(struct batch_builder *f, const struct progress *at,
                                 struct err *e) MUST_CHECK;
/* The batches' shape from the next batch_builder_seek or batch_builder_advance on. */
void batch_builder_shape(struct batch_builder *f, size_t rows_max, bool fold);
/* From now on only the lines of these lanes, and none behind `until` (NULL: no such end, nor after batch_builder_open). A line
 * without a usable key is lane 0's. What is left out is not counted either. */
void batch_builder_lanes(struct batch_builder *f, unsigned lanes, const struct progress *until);
enum err_code batch_builder_run(struct batch_builder *f, enum batch_builder_what *what,
                                struct err *e) MUST_CHECK;
/* While a batch is on its way: a page of the next one. False: no more for now. fill_settle turns to that one, batch_builder_seek
 * drops it. */
bool batch_builder_read_ahead(struct batch_builder *f);
/* It has begun, and has something to commit. */
bool batch_builder_has_ahead(const struct batch_builder *f);
/* Sorts what there is of it (batch_sort_shares), so that the server need not wait for that. */
void batch_builder_sort_ahead(struct batch_builder *f, unsigned shares);
enum err_code batch_builder_advance(struct batch_builder *f, struct err *e) MUST_CHECK;

/* The database refuses a row of the batch; and: what is set aside is durable, the batch may be
 * committed. */
enum err_code batch_builder_refused(struct batch_builder *f, const struct batch_row *row,
                                    const struct err *why, struct err *e) MUST_CHECK;
enum err_code batch_builder_write_rejects(struct batch_builder *f, struct batch_slot *slot,
                                          unsigned lanes, struct err *e) MUST_CHECK;

/* The batch that batch_builder_run has made, with all that belongs to it (batch_slot.h), ... */
struct batch_slot *batch_builder_slot(struct batch_builder *f);
/* ... and the one that is read ahead, once that is complete; else NULL. fill_settle makes it the other. */
struct batch_slot *batch_builder_slot_ahead(struct batch_builder *f);
/* There are lines behind it that a later batch will have. */
bool batch_builder_has_more(const struct batch_builder *f, const struct batch_slot *slot);
/* Some key at its beginning is one of the batch before, too. */
bool batch_builder_repeats(const struct batch_builder *f, const struct batch_slot *slot);
/* A text[] as text: names that all rows of the batch have, or some of them. Good until it is settled. */
const char *batch_builder_names(struct batch_builder *f, struct batch_slot *slot);

/* Of batch_builder_slot: */
struct batch *batch_builder_batch(struct batch_builder *f);
struct rejects *batch_builder_rejects(struct batch_builder *f);
struct batch_tally batch_builder_tally(const struct batch_builder *f,
                                       unsigned lanes); /* of these lanes' lines */
const struct progress *
batch_builder_reached(const struct batch_builder *f); /* once the batch is in */
/* A letter that has gone in, and may still stand in the file. */
bool batch_builder_redriven(const struct batch_builder *f, struct page_place place, uint64_t line);
uint64_t batch_builder_new_letters(const struct batch_builder *f); /* since batch_builder_open */
uint64_t batch_builder_damaged(const struct batch_builder *f); /* pages, since batch_builder_open */

#endif
