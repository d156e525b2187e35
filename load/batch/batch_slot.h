/*
 * A batch, the records that were set aside on its way, and what became of the lines. batch_builder.c has two of them, so that one
 * can be filled while the other is loaded, or both be loaded, one behind the other.
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

/* Rows with a time that could not be read (ROW_ODD_*). */
struct batch_odd_times {
    uint64_t records;
    uint64_t created, modified; /* of them, which time */
    int64_t key;                /* of the first one */
};

struct batch_slot {
    struct batch *batch;
    struct rejects *rejects;
    struct batch_tally tally[LANES];
    uint64_t read;           /* of all lanes */
    struct progress reached; /* once it is in */
    unsigned judged;         /* lanes whose rows the database has taken, be it not for good yet */
    bool moved;              /* something to commit, be it only progress */
    enum batch_late late;
    struct loaded_pages pages; /* that are over with it */
    bool full;
    struct buf names;
    struct batch_odd_times odd_times;
};

enum err_code batch_slot_open(struct batch_slot *slot, const struct spool *s, const char *table,
                              const struct batch_conf *conf, const char *key,
                              struct dead_reasons *reasons, struct err *e) MUST_CHECK;
void batch_slot_close(struct batch_slot *slot);
/* Anew, where the one before it ends. */
void batch_slot_begin(struct batch_slot *slot, const struct batch_conf *shape,
                      const struct progress *reached);
void batch_slot_count(struct batch_slot *slot, unsigned lane, enum batch_add outcome); /* a line */
void batch_slot_note_times(struct batch_slot *slot, const struct row *row);
struct batch_tally batch_slot_tally(const struct batch_slot *slot, unsigned lanes);
/* Of a row only the place and the line number count. */
enum err_code batch_slot_reject(struct batch_slot *slot, const struct row_refusal *why,
                                const char *file, const struct batch_row *row, const char *line,
                                size_t n, struct err *e) MUST_CHECK;
/* fill_names of it. */
const char *batch_slot_names(struct batch_slot *slot, const struct row_builder *row_builder);

#endif
