/*
 * A batch with its dead letters and counts. The builder has two slots, so that one can be filled while the other is loaded, or both be
 * loaded, one behind the other.
 */
#ifndef NETTY_LOAD_BATCH_BATCH_SLOT_H
#define NETTY_LOAD_BATCH_BATCH_SLOT_H

#include "load/batch/batch.h"
#include "load/dead_letters/rejects.h"
#include "load/target/loaded_pages.h"

/* What became of the lines that were read; the rest are the batch's rows. */
struct batch_tally {
    uint64_t read, folded, stale;
};

/* How many rows had a time that could not be read (ROW_ODD_*). */
struct batch_odd_times {
    uint64_t records;
    uint64_t created, modified; /* how many of them had an odd time_created, and time_modified */
    int64_t key;                /* of the first such row */
};

struct batch_slot {
    struct batch *batch;
    struct rejects *rejects;
    struct batch_tally tally[LANES];
    uint64_t read;           /* of all lanes */
    struct progress reached; /* the progress once the batch is in */
    unsigned judged; /* lanes whose rows the database has accepted, perhaps not committed yet */
    bool moved;      /* there is something to commit, at least progress */
    enum batch_late late;
    struct loaded_pages pages; /* the pages that end with this batch */
    bool full;
    struct buf names;
    struct batch_odd_times odd_times;
};

enum err_code batch_slot_open(struct batch_slot *slot, const struct spool *s, const char *table,
                              const struct batch_conf *conf, const char *key,
                              struct dead_reasons *reasons, struct err *e) MUST_CHECK;
void batch_slot_close(struct batch_slot *slot);
/* Empties the slot for a batch that begins at `reached`. */
void batch_slot_begin(struct batch_slot *slot, const struct batch_conf *shape,
                      const struct progress *reached);
void batch_slot_count(struct batch_slot *slot, unsigned lane, enum batch_add outcome); /* a line */
void batch_slot_note_times(struct batch_slot *slot, const struct row *row);
struct batch_tally batch_slot_tally(const struct batch_slot *slot, unsigned lanes);
/* Adds a line to the slot's dead letters. Of row only the place and the line number are used. */
enum err_code batch_slot_reject(struct batch_slot *slot, const struct row_refusal *why,
                                const char *file, const struct batch_row *row, const char *line,
                                size_t n, struct err *e) MUST_CHECK;
/* As batch_builder_names. */
const char *batch_slot_names(struct batch_slot *slot, const struct row_builder *row_builder);

#endif
