#include "load/batch/batch_slot.h"

#include "shared/time/when.h"
#include <string.h>

#define SHAPES_MAX 16u /* of a batch: with more of them no names are told */
#define NAMES_MAX  65536u

enum err_code batch_slot_open(struct batch_slot *slot, const struct spool *s, const char *table,
                              const struct batch_conf *conf, const char *key,
                              struct dead_reasons *reasons, struct err *e)
{
    enum err_code rc = batch_open(&slot->batch, conf, e);

    buf_init(&slot->names, NAMES_MAX);
    loaded_pages_init(&slot->pages);
    return rc == OK ? rejects_open(&slot->rejects, s, table, key, reasons, e) : rc;
}

void batch_slot_close(struct batch_slot *slot)
{
    rejects_close(slot->rejects);
    batch_close(slot->batch);
    buf_free(&slot->names);
    loaded_pages_free(&slot->pages);
}

void batch_slot_begin(struct batch_slot *slot, const struct batch_conf *shape,
                      const struct progress *reached)
{
    batch_reset(slot->batch, shape);
    rejects_truncate(slot->rejects, 0);
    memset(slot->tally, 0, sizeof slot->tally);
    slot->read = 0;
    slot->judged = 0;
    slot->odd_times = (struct batch_odd_times){0};
    slot->reached = *reached;
    slot->moved = slot->full = false;
    slot->late = BATCH_ON_TIME;
    loaded_pages_reset(&slot->pages);
}

void batch_slot_count(struct batch_slot *slot, unsigned lane, enum batch_add outcome)
{
    slot->tally[lane].read++;
    slot->tally[lane].folded += outcome == BATCH_FOLDED;
    slot->tally[lane].stale += outcome == BATCH_STALE;
    slot->read++;
    slot->moved = true;
}

void batch_slot_note_times(struct batch_slot *slot, const struct row *row)
{
    struct batch_odd_times *odd = &slot->odd_times;

    if (row->odd_times == 0)
        return;
    if (odd->records++ == 0)
        odd->key = row->key;
    odd->created += (row->odd_times & ROW_ODD_CREATED) != 0;
    odd->modified += (row->odd_times & ROW_ODD_MODIFIED) != 0;
}

struct batch_tally batch_slot_tally(const struct batch_slot *slot, unsigned lanes)
{
    struct batch_tally sum = {0};

    for (unsigned i = 0; i < LANES; i++)
        if ((lanes >> i & 1u) != 0) {
            sum.read += slot->tally[i].read;
            sum.folded += slot->tally[i].folded;
            sum.stale += slot->tally[i].stale;
        }
    return sum;
}

enum err_code batch_slot_reject(struct batch_slot *slot, const struct row_refusal *why,
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
    return rejects_add(slot->rejects, &letter, e);
}

const char *batch_slot_names(struct batch_slot *slot, const struct row_builder *row_builder)
{
    uint64_t shapes[SHAPES_MAX];
    size_t n = batch_shapes(slot->batch, shapes, SHAPES_MAX);

    buf_reset(&slot->names);
    if (n > SHAPES_MAX || row_names(row_builder, shapes, n, &slot->names) != OK)
        return "{}";
    return slot->names.data;
}
