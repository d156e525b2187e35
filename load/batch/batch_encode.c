#include "load/batch/batch.h"

#include <endian.h>
#include <string.h>

/* PostgreSQL's clock starts at 2000-01-01T00:00:00Z. */
#define EPOCH_2000     (INT64_C(946684800) * WHEN_SECOND)
#define FIELD_NULL     (-1)
#define COPY_COLUMNS   4
#define COPY_ROW_FIXED (2 + 4 + 8 + 4 + 4 + 8 + 4 + 8) /* a row without its data */
#define ARRAY_HEADER   20
/* Types' oids, as in pg_type.dat. */
#define OID_INT8        20
#define OID_INT2        21
#define OID_INT4        23
#define OID_TEXT        25
#define OID_TIMESTAMPTZ 1184

/* The put functions need room reserved before. */
static void put_bytes(struct buf *out, const void *p, size_t n)
{
    memcpy(out->data + out->len, p, n);
    buf_grown(out, n);
}

static void put_int16(struct buf *out, int16_t v)
{
    uint16_t big = htobe16((uint16_t)v);

    put_bytes(out, &big, sizeof(big));
}

static void put_int32(struct buf *out, int32_t v)
{
    uint32_t big = htobe32((uint32_t)v);

    put_bytes(out, &big, sizeof(big));
}

static void put_int64(struct buf *out, int64_t v)
{
    uint64_t big = htobe64((uint64_t)v);

    put_int32(out, sizeof(big));
    put_bytes(out, &big, sizeof(big));
}

/* Writes the key. It fits, since rows beyond the column's range were refused. */
static void put_key(struct buf *out, int64_t key, unsigned size)
{
    if (size == 8) {
        put_int64(out, key);
        return;
    }
    put_int32(out, (int32_t)size);
    if (size == 4)
        put_int32(out, (int32_t)key);
    else
        put_int16(out, (int16_t)key);
}

static void put_text(struct buf *out, const char *data, size_t n)
{
    put_int32(out, (int32_t)n);
    put_bytes(out, data, n);
}

static void put_time(struct buf *out, int64_t t)
{
    if (t == WHEN_NONE)
        put_int32(out, FIELD_NULL);
    else
        put_int64(out, t - EPOCH_2000);
}

enum err_code batch_encode_begin(struct buf *out)
{
    static const char header[19] = "PGCOPY\n\377\r\n"; /* with its 0, no flags, no extension */

    return buf_add(out, header, sizeof(header));
}

/* Writes jsonb in the form that PostgreSQL receives: a version number, then text. */
static void put_jsonb(struct buf *out, const char *data, size_t n)
{
    put_int32(out, (int32_t)n + 1);
    put_bytes(out, "\001", 1);
    put_bytes(out, data, n);
}

/* target: encode as for batch_encode_target. */
static enum err_code encode(const struct batch *b, bool target, unsigned key_size, size_t *from,
                            size_t to, size_t want, struct buf *out)
{
    size_t start = out->len;
    enum err_code rc;

    for (size_t i = *from; i < to; i++) {
        const char *data;
        const struct row *row = &batch_row(b, i, &data)->row;
        if ((rc = buf_reserve(out, COPY_ROW_FIXED + 1 + row->data_len)) != OK) {
            buf_truncate(out, start);
            return rc;
        }
        put_int16(out, COPY_COLUMNS);
        put_key(out, row->key, key_size);
        if (target)
            put_jsonb(out, data, row->data_len);
        else
            put_text(out, data, row->data_len);
        put_time(out, row->time_created);
        put_time(out, row->time_modified);
        if (out->len - start >= want || i + 1 == to) {
            *from = i + 1;
            break;
        }
    }
    return OK;
}

enum err_code batch_encode(const struct batch *b, size_t *from, size_t to, size_t want,
                           struct buf *out)
{
    return encode(b, false, 8, from, to, want, out);
}

enum err_code batch_encode_target(const struct batch *b, unsigned key_size, size_t *from, size_t to,
                                  size_t want, struct buf *out)
{
    return encode(b, true, key_size, from, to, want, out);
}

enum err_code batch_encode_end(struct buf *out)
{
    static const char trailer[2] = {'\377', '\377'};

    return buf_add(out, trailer, sizeof(trailer));
}

/* Writes the header of an array of one dimension, counted from 1. PostgreSQL checks only the range of the flag for nulls. */
static void put_array_header(struct buf *out, int32_t oid, bool nulls, size_t n)
{
    put_int32(out, n > 0);
    put_int32(out, nulls);
    put_int32(out, oid);
    if (n > 0) {
        put_int32(out, (int32_t)n);
        put_int32(out, 1);
    }
}

enum err_code batch_encode_keys(const struct batch *b, unsigned key_size, size_t from, size_t to,
                                struct buf *out)
{
    enum err_code rc = buf_reserve(out, ARRAY_HEADER + (to - from) * (4 + key_size));
    const char *data;

    if (rc != OK)
        return rc;
    put_array_header(out,
                     key_size == 2   ? OID_INT2
                     : key_size == 4 ? OID_INT4
                                     : OID_INT8,
                     false, to - from);
    for (size_t i = from; i < to; i++)
        put_key(out, batch_row(b, i, &data)->row.key, key_size);
    return OK;
}

static enum err_code reserve_arrays(const struct batch *b, size_t from, size_t to, struct buf *out)
{
    size_t n = to - from;
    size_t text = ARRAY_HEADER + n * 4;
    enum err_code rc = OK;

    for (size_t i = from; i < to; i++) {
        const char *data;
        text += batch_row(b, i, &data)->row.data_len;
    }
    for (size_t i = 0; i < BATCH_ARRAYS && rc == OK; i++)
        rc = buf_reserve(&out[i], i == 1 ? text : ARRAY_HEADER + n * 12);
    return rc;
}

enum err_code batch_encode_arrays(const struct batch *b, size_t from, size_t to,
                                  struct buf out[BATCH_ARRAYS])
{
    enum err_code rc = reserve_arrays(b, from, to, out);

    if (rc != OK)
        return rc;
    put_array_header(&out[0], OID_INT8, false, to - from);
    put_array_header(&out[1], OID_TEXT, false, to - from);
    put_array_header(&out[2], OID_TIMESTAMPTZ, true, to - from);
    put_array_header(&out[3], OID_TIMESTAMPTZ, true, to - from);
    for (size_t i = from; i < to; i++) {
        const char *data;
        const struct row *row = &batch_row(b, i, &data)->row;
        put_int64(&out[0], row->key);
        put_text(&out[1], data, row->data_len);
        put_time(&out[2], row->time_created);
        put_time(&out[3], row->time_modified);
    }
    return OK;
}
