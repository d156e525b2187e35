/*
 * One spool line into one database row: key, data, two times (NETTY.md, "The tables"), or the
 * reason why not.
 *
 * data is the record less its outermost key, time_created and time_modified, with `deleted` always
 * present (`false` where the record has none) and a boolean, its outermost members in the order in which jsonb keeps
 * them (load/row/row_shape.h), each other byte of them as sent. Of outermost members that stand twice the last counts,
 * as in jsonb.
 *
 * What PostgreSQL would refuse is foreseen here, so that a bad record costs no round trip: text
 * that is not JSON, what jsonb cannot hold (an escaped NUL, half of a surrogate pair, a number
 * beyond numeric), a key that is none or beyond its column. The key may be written in any form of an
 * integer (12, 12.0, 1.2e1), or as a string of digits; a fraction, which a cast would round, and any
 * other string are refused. A time that is missing, null or a zero date is no time; so is one in
 * no known form, which is told (odd_times). `deleted` is a boolean whatever was sent (json_forms.h).
 */
#ifndef NETTY_LOAD_ROW_ROW_H
#define NETTY_LOAD_ROW_ROW_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/json/json_record.h"
#include "shared/time/when.h"

#define ROW_ODD_CREATED  1u
#define ROW_ODD_MODIFIED 2u

struct row {
    int64_t key;
    int64_t time_created;  /* microseconds since 1970, or WHEN_NONE */
    int64_t time_modified; /* likewise */
    uint64_t
        shape; /* of data's outermost names: equal shapes, equal names (load/row/row_shape.h) */
    size_t data_len;    /* bytes that row_build added to the buffer */
    unsigned odd_times; /* ROW_ODD_*: times in no known form, which are WHEN_NONE */
};

struct row_conf {
    const char *key; /* the key column's name = the record's member; copied */
    int64_t key_min; /* of the column's type */
    int64_t key_max;
    struct zone *zone; /* of zone-less times; the caller's */
    bool replace_nul;  /* --on-nul replace: U+FFFD for \u0000 */
};

/* Why a record is set aside before it is sent. The words are stable, dead letters carry them:
 * "not-json" "too-deep" "key-missing" "key-type" "key-range" "nul" "surrogate"
 * "number-range" "too-long" */
struct row_refusal {
    const char *reason;
    const char *sqlstate; /* what the database would have said: "22P05" ... */
    char message[256];    /* for a person; no record content beyond member names and the key */
};

struct row_builder;
struct member_set;
enum err_code row_builder_open(struct row_builder **w, const struct row_conf *conf,
                               struct err *e) MUST_CHECK;
void row_builder_close(struct row_builder *w); /* NULL is fine */

/* From now on the members of each record that becomes a row are looked at; the caller's; NULL: no more. */
void row_builder_watch(struct row_builder *w, struct member_set *members);

/* Adds the row's data to `data` and fills row; *refused tells that the record must be set aside
 * instead (nothing added, refusal filled). Errors are memory and caps only, and add nothing. */
enum err_code row_build(struct row_builder *w, const char *line, size_t n, struct buf *data,
                        struct row *row, bool *refused, struct row_refusal *refusal,
                        struct err *e) MUST_CHECK;

/* The refusal of a line that is too long to be read; message says how long. */
void row_too_long(struct row_refusal *refusal, const char *message);

/* Names that rows of all these shapes have: shapes_common (load/row/row_shape.h). */
enum err_code row_names(const struct row_builder *w, const uint64_t *shapes, size_t n,
                        struct buf *out) MUST_CHECK;

#endif
