#include "load/batch/batch_slot.h"

#include "shared/time/when.h"
#include <string.h>

#define SHAPES_MAX 16u /* of a batch: with more of them no names are told */
#define NAMES_MAX  65536u

enum err_code batch_slot_open(struct batch_slot *lot, const struct spool *s, const char *table,
                              const struct batch_conf *conf, struct err *e)
{
    enum err_code rc = batch_open(&lot->batch, conf, e);

    buf_init(&lot->names, NAMES_MAX);
    return rc == OK ? rejects_open(&lot->aside, s, table, e) : rc;
}

void batch_slot_close(struct batch_slot *lot)
{
    rejects_close(lot->aside);
    batch_close(lot->batch);
    buf_free(&lot->names);
}

void batch_slot_begin(struct batch_slot *lot, const struct batch_conf *shape,
                      const struct progress *reached)
{
    batch_reset(lot->batch, shape);
    rejects_truncate(lot->aside, 0);
    memset(lot->tally, 0, sizeof lot->tally);
    lot->read = 0;
    lot->reached = *reached;
    lot->moved = lot->full = false;
}

void batch_slot_count(struct batch_slot *lot, unsigned lane, enum batch_add outcome)
{
    lot->tally[lane].read++;
    lot->tally[lane].folded += outcome == BATCH_FOLDED;
    lot->tally[lane].stale += outcome == BATCH_STALE;
    lot->read++;
    lot->moved = true;
}

struct batch_tally batch_slot_tally(const struct batch_slot *lot, unsigned lanes)
{
    struct batch_tally sum = {0};

    for (unsigned i = 0; i < LANES; i++)
        if ((lanes >> i & 1u) != 0) {
            sum.read += lot->tally[i].read;
            sum.folded += lot->tally[i].folded;
            sum.stale += lot->tally[i].stale;
        }
    return sum;
}

enum err_code batch_slot_reject(struct batch_slot *lot, const struct row_refusal *why,
                                const char *file, const struct batch_row *row, const char *line,
                                size_t n, struct err *e)
{
    struct dead_letter letter = {
        .at = when_now(),
        .reason = why->reason,
        .sqlstate = why->sqlstate,
        .message = why->message,
        .file = file,
        .place = row->place,
        .line = row->line,
        .raw = line,
        .raw_len = n,
    };
    return rejects_add(lot->aside, &letter, e);
}

const char *batch_slot_names(struct batch_slot *lot, const struct row_builder *rower)
{
    uint64_t shapes[SHAPES_MAX];
    size_t n = batch_shapes(lot->batch, shapes, SHAPES_MAX);

    buf_reset(&lot->names);
    if (n > SHAPES_MAX || row_names(rower, shapes, n, &lot->names) != OK)
        return "{}";
    return lot->names.data;
}
