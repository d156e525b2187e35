/* One line on its way into the batch: known, a row, refused, or of a lane that has it already. */
#include "load/batch/batch_builder_private.h"
#include "load/unchanged/unchanged_cache.h"
#include <string.h>

#define LINES_ROW 16u /* read for each row: thousands may fold into one */

static enum err_code reject(struct batch_builder *f, const struct row_refusal *why,
                            const char *line, size_t n, struct err *e)
{
    const char *file = f->redrive != NULL ? "" : reader_file(f->reader);

    return batch_slot_reject(f->in, why, file, &f->row, line, n, e);
}

static bool in_lanes(const struct batch_builder *f, unsigned lane)
{
    return (f->lanes >> lane & 1u) != 0;
}

/* Leaves out a line of a lane that has it already. */
static enum err_code leave_out(struct batch_builder *f)
{
    f->lines++;
    f->in->moved = true;
    return OK;
}

enum err_code batch_builder_offer(struct batch_builder *f, bool *full, struct err *e)
{
    enum batch_add outcome = BATCH_ADDED;
    enum err_code rc = batch_add(f->in->batch, &f->row, f->data.data, &outcome, e);

    if (rc != OK)
        return rc;
    *full = f->held = outcome == BATCH_FULL;
    if (*full)
        return OK;
    batch_slot_count(f->in, lane_of(f->row.row.key), outcome);
    if (outcome == BATCH_ADDED)
        batch_slot_note_times(f->in, &f->row.row);
    f->lines++;
    *full = f->in->read / LINES_ROW >= f->shape.rows_max;
    return OK;
}

/* Adds a refused line to the dead letters. It counts for lane 0. */
static enum err_code refuse(struct batch_builder *f, const struct row_refusal *why,
                            const char *line, size_t n, bool *full, struct err *e)
{
    enum err_code rc;

    if (!in_lanes(f, 0))
        return leave_out(f);
    if ((rc = reject(f, why, line, n, e)) != OK)
        return rc;
    batch_slot_count(f->in, 0, BATCH_ADDED);
    f->lines++;
    *full = rejects_full(f->in->rejects);
    return OK;
}

enum err_code batch_builder_refuse_long(struct batch_builder *f, bool *full, struct err *e)
{
    struct row_refusal why;

    row_too_long(&why, e->msg);
    *e = ERR_INIT;
    return refuse(f, &why, "", 0, full, e);
}

/* Whether the cache knows the line; f->row then has all that is needed. Never while rows that the database refuses are looked for. */
static bool is_unchanged(struct batch_builder *f, const char *line, size_t n)
{
    struct unchanged_seen seen;

    if (f->unchanged == NULL || !f->shape.fold || f->redrive != NULL ||
        f->in->late != BATCH_ON_TIME)
        return false;
    f->row.cached = unchanged_lookup(f->unchanged, line, n, &seen);
    if (f->row.cached)
        f->row.at = seen.at;
    else
        memcpy(f->row.digest, seen.digest, sizeof seen.digest);
    f->row.row = seen.row;
    f->row.xid = seen.xid;
    return f->row.cached;
}

void batch_builder_watch(struct batch_builder *f, struct member_set *members)
{
    row_builder_watch(f->row_builder, members);
}

enum err_code batch_builder_take_line(struct batch_builder *f, const char *line, size_t n,
                                      bool *full, struct err *e)
{
    struct row_refusal why;
    bool refused = false;
    enum err_code rc;

    buf_reset(&f->data);
    if (is_unchanged(f, line, n))
        return in_lanes(f, lane_of(f->row.row.key)) ? batch_builder_offer(f, full, e)
                                                    : leave_out(f);
    if ((rc = row_build(f->row_builder, line, n, &f->data, &f->row.row, &refused, &why, e)) != OK)
        return rc;
    if (refused)
        return refuse(f, &why, line, n, full, e);
    if (!in_lanes(f, lane_of(f->row.row.key)))
        return leave_out(f);
    return batch_builder_offer(f, full, e);
}
