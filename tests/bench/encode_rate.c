/*
 * The loader without its database: lines of a spool into rows, batches, and the bytes of COPY.
 *
 * usage: encode_rate FILE.ndjson BATCH-ROWS
 */
#include "load/batch/batch.h"
#include "load/row/row.h"
#include "shared/time/when.h"
#include "tests/bench/pages.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE ((size_t)64 << 10) /* what is encoded before it is sent */

struct encoder {
    struct zone *zone;
    struct row_builder *rower;
    struct batch *batch;
    struct buf data; /* of one row */
    struct buf out;
    uint64_t bytes; /* encoded */
    uint64_t records;
};

static enum err_code send_batch(struct encoder *x, struct err *e)
{
    size_t n = batch_rows(x->batch);
    batch_sort(x->batch);
    buf_reset(&x->out);
    enum err_code rc = batch_encode_begin(&x->out);
    for (size_t at = 0; at < n && rc == OK;) {
        rc = batch_encode_target(x->batch, 4, &at, n, PIECE, &x->out);
        x->bytes += x->out.len;
        buf_reset(&x->out);
    }
    if (rc == OK)
        rc = batch_encode_end(&x->out);
    batch_reset(x->batch, NULL);
    return rc == OK ? OK : buf_err(e, rc, &x->out, "a batch's bytes");
}

static enum err_code add_line(struct encoder *x, const char *line, size_t n, struct err *e)
{
    struct batch_row row = {.line = ++x->records};
    struct row_refusal refusal;
    enum batch_add outcome = BATCH_FULL;
    bool refused = false;
    buf_reset(&x->data);
    enum err_code rc = row_build(x->rower, line, n, &x->data, &row.row, &refused, &refusal, e);
    if (rc == OK && refused)
        return err_set(e, ERR_DATA, "a record is refused: %s", refusal.message);
    if (rc == OK)
        rc = batch_add(x->batch, &row, x->data.data, &outcome, e);
    if (rc == OK && outcome == BATCH_FULL) {
        if ((rc = send_batch(x, e)) == OK)
            rc = batch_add(x->batch, &row, x->data.data, &outcome, e);
    }
    return rc;
}

/* What callgrind counts (instructions.py). */
__attribute__((noinline)) static enum err_code encode_all(struct encoder *x, const char *text,
                                                          size_t n, struct err *e)
{
    enum err_code rc = OK;
    while (n > 0 && rc == OK) {
        const char *end = memchr(text, '\n', n);
        if (end == NULL)
            return err_set(e, ERR_DAMAGED, "the last line has no end");
        rc = add_line(x, text, (size_t)(end - text), e);
        n -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return rc == OK ? send_batch(x, e) : rc;
}

static enum err_code open_parts(struct encoder *x, const char *rows, struct err *e)
{
    const struct batch_conf batch = {
        .rows_max = (size_t)strtoull(rows, NULL, 10), .bytes_max = (size_t)64 << 20, .fold = true};
    enum err_code rc = zone_open(&x->zone, "UTC", e);
    if (rc != OK)
        return rc;
    const struct row_conf row = {
        .key = "contact_id", .key_min = INT32_MIN, .key_max = INT32_MAX, .zone = x->zone};
    if ((rc = row_builder_open(&x->rower, &row, e)) != OK)
        return rc;
    return batch_open(&x->batch, &batch, e);
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct encoder x = {0};
    char *text = NULL;
    size_t n = 0;
    if (argc != 3) {
        fprintf(stderr, "usage: encode_rate FILE.ndjson BATCH-ROWS\n");
        return 1;
    }
    buf_init(&x.data, BATCH_DATA_MAX);
    buf_init(&x.out, BATCH_DATA_MAX);
    enum err_code rc = file_read(argv[1], &text, &n, &e);
    if (rc == OK)
        rc = open_parts(&x, argv[2], &e);
    int64_t cpu = pages_cpu();
    int64_t began = when_tick();
    if (rc == OK)
        rc = encode_all(&x, text, n, &e);
    if (rc == OK)
        pages_report(&(struct pages){.bytes = n}, x.records, when_tick() - began,
                     pages_cpu() - cpu);
    else
        fprintf(stderr, "encode_rate: %s\n", e.msg);
    batch_close(x.batch);
    row_builder_close(x.rower);
    zone_close(x.zone);
    buf_free(&x.data);
    buf_free(&x.out);
    free(text);
    return rc == OK ? 0 : 1;
}
