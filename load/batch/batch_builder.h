/*
 * From the spool into a batch: pages are read in order, and their records made rows, until the batch is full or the spool has no more.
 *
 *     batch_builder_open(&f, spool, "contacts", &conf, e);
 *     batch_builder_seek(f, progress, e);
 *     batch_builder_run(f, &what, e);      // BATCH_BUILDER_READY: the batch is in batch_builder_slot(f)
 *     batch_builder_read_ahead(f) ...      // while the batch is being loaded: reads a part of the next one
 *     batch_builder_advance(f, e);         // the batch is committed: on to the next one; or
 *     batch_builder_seek(f, ..., e);       // it is not: again from there, perhaps in another shape (batch_builder_shape)
 *
 * With conf.redrive the records are the table's dead letters (redrive.h). There is no progress then, and letters that went in are removed
 * from the file after batch_builder_advance.
 *
 * Damaged pages are named in the log, counted and passed over. Uses no network; writes only dead letters, when it is told to.
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
    struct dead_reasons *
        reasons; /* counts the dead letters that are new; with redrive, those that stay. May be NULL */
    bool dry_run; /* --dry-run: letters that would go in stay */
    int64_t late; /* pages fetched before this time are BATCH_LATE; WHEN_NONE: none */
    bool hole;    /* all other pages are BATCH_AGAIN, and damage is no news */
    /* Returns true if damage at this place is known already, so that it is no news. May be NULL. */
    bool (*known)(void *ctx, struct page_place place);
    void *ctx;
};

enum batch_builder_what {
    BATCH_BUILDER_READY, /* there is a batch to commit, or at least progress */
    BATCH_BUILDER_END,   /* the spool has nothing more now, and there is nothing to commit */
    BATCH_BUILDER_MORE,  /* much was passed over: call again, once the loop had its turn */
};

struct batch_builder;
struct batch_slot;
struct unchanged;
struct member_set;
enum err_code batch_builder_open(struct batch_builder **f, const struct spool *s, const char *table,
                                 const struct batch_builder_conf *conf, struct err *e) MUST_CHECK;
void batch_builder_close(struct batch_builder *f);

/* From the next batch_builder_seek on, lines that this cache knows are not parsed (batch_row.cached). The cache stays the caller's; NULL:
 * none. */
void batch_builder_use_cache(struct batch_builder *f, struct unchanged *u);
/* Hands the members of the lines that become rows to this set (load/row/member_set.h), which stays the caller's. NULL: to none. */
void batch_builder_watch(struct batch_builder *f, struct member_set *members);
/* Drops what is in the batch; the next line is the first after `at`. */
enum err_code batch_builder_seek(struct batch_builder *f, const struct progress *at,
                                 struct err *e) MUST_CHECK;
/* Sets the shape of the batches from the next batch_builder_seek or batch_builder_advance on. */
void batch_builder_shape(struct batch_builder *f, size_t rows_max, bool fold);
/* From now on only lines of these lanes are taken, and none behind `until` (NULL: no such end; that is so after batch_builder_open, too). A
 * line without a usable key belongs to lane 0. Lines that are not taken are not counted either. */
void batch_builder_lanes(struct batch_builder *f, unsigned lanes, const struct progress *until);
enum err_code batch_builder_run(struct batch_builder *f, enum batch_builder_what *what,
                                struct err *e) MUST_CHECK;
/* To be called while a batch is being loaded: reads a page into the next one. Returns false if that is all for now. batch_builder_advance
 * goes on with that batch, batch_builder_seek drops it. */
bool batch_builder_read_ahead(struct batch_builder *f);
/* Returns true if the next batch was begun, and has something to commit. */
bool batch_builder_has_ahead(const struct batch_builder *f);
/* Sorts the next batch as far as it is read (batch_sort_shares), so that the server need not wait for that later. */
void batch_builder_sort_ahead(struct batch_builder *f, unsigned shares);
enum err_code batch_builder_advance(struct batch_builder *f, struct err *e) MUST_CHECK;

/* The first adds a row that the database refuses to the dead letters. The second makes the batch's dead letters durable, after which the
 * batch may be committed. */
enum err_code batch_builder_refused(struct batch_builder *f, const struct batch_row *row,
                                    const struct err *why, struct err *e) MUST_CHECK;
enum err_code batch_builder_write_rejects(struct batch_builder *f, struct batch_slot *slot,
                                          unsigned lanes, struct err *e) MUST_CHECK;

/* Returns the batch that batch_builder_run has made, with all that belongs to it (batch_slot.h). */
struct batch_slot *batch_builder_slot(struct batch_builder *f);
/* Returns the batch that was read ahead, once it is complete; else NULL. batch_builder_advance makes it the current one. */
struct batch_slot *batch_builder_slot_ahead(struct batch_builder *f);
/* Returns true if there are lines behind the batch, for a later one. */
bool batch_builder_has_more(const struct batch_builder *f, const struct batch_slot *slot);
/* Returns true if some key at the beginning of the batch is in the batch before it, too. */
bool batch_builder_repeats(const struct batch_builder *f, const struct batch_slot *slot);
/* Returns names that all rows of the batch have (perhaps not all such names), as the text of a text[]. Valid until the batch is
 * committed or dropped. */
const char *batch_builder_names(struct batch_builder *f, struct batch_slot *slot);

/* Of batch_builder_slot: */
struct batch *batch_builder_batch(struct batch_builder *f);
struct rejects *batch_builder_rejects(struct batch_builder *f);
struct batch_tally batch_builder_tally(const struct batch_builder *f,
                                       unsigned lanes); /* of these lanes' lines */
const struct progress *
batch_builder_reached(const struct batch_builder *f); /* once the batch is in */
/* Returns true if this dead letter has gone in, though it may still be in the file. */
bool batch_builder_redriven(const struct batch_builder *f, struct page_place place, uint64_t line);
uint64_t batch_builder_new_letters(const struct batch_builder *f); /* since batch_builder_open */
uint64_t batch_builder_damaged(const struct batch_builder *f); /* pages, since batch_builder_open */

#endif
