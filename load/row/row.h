/*
 * Makes one database row of one spool line: key, data, and two times (NETTY.md, "The tables"); or says why the record is refused.
 *
 * data is the record without its outermost key, time_created and time_modified. It always has `deleted` as a boolean (false if the
 * record has none; json_forms.h reads what was sent). Its outermost members stand in the order in which jsonb stores them
 * (load/row/row_shape.h); every other byte is as sent. If an outermost member stands twice, the last one counts, as in jsonb.
 *
 * A record that PostgreSQL would refuse is refused here, so that it costs no round trip: text that is not JSON, values that jsonb cannot
 * hold (an escaped NUL, half of a surrogate pair, a number beyond numeric), a key that is missing, of another type, or beyond its
 * column. The key may be an integer in any form (12, 12.0, 1.2e1) or a string of digits. A fraction, which a cast would round, and
 * any other string are refused. A time that is missing, null or a zero date is no time; a time in an unknown form is none either, and
 * is reported (odd_times).
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
    unsigned odd_times; /* ROW_ODD_*: times in an unknown form, which are WHEN_NONE here */
};

struct row_conf {
    const char *key; /* the key column's name = the record's member; copied */
    int64_t key_min; /* of the column's type */
    int64_t key_max;
    struct zone *zone; /* of zone-less times; the caller's */
    bool replace_nul;  /* --on-nul replace: U+FFFD for \u0000 */
};

/* Why a record becomes a dead letter before it is sent. The reasons are stable, since dead letters hold them:
 * "not-json" "too-deep" "key-missing" "key-type" "key-range" "nul" "surrogate"
 * "number-range" "too-long" */
struct row_refusal {
    const char *reason;
    const char *sqlstate; /* the SQLSTATE with which the database would have refused: "22P05" ... */
    char message[256];    /* for a person; no record content beyond member names and the key */
};

struct row_builder;
struct member_set;
enum err_code row_builder_open(struct row_builder **w, const struct row_conf *conf,
                               struct err *e) MUST_CHECK;
void row_builder_close(struct row_builder *w); /* NULL is fine */

/* From now on the members of each record that becomes a row are handed to this set, which stays the caller's. NULL: to none. */
void row_builder_watch(struct row_builder *w, struct member_set *members);

/* Adds the row's data to `data` and fills row. If the record is refused, *refused is true, refusal is filled, and nothing is added.
 * Errors are of memory and caps only, and add nothing. */
enum err_code row_build(struct row_builder *w, const char *line, size_t n, struct buf *data,
                        struct row *row, bool *refused, struct row_refusal *refusal,
                        struct err *e) MUST_CHECK;

/* Fills refusal for a line that is too long to be read; message says how long it is. */
void row_too_long(struct row_refusal *refusal, const char *message);

/* Adds names that rows of all these shapes have: shapes_common (load/row/row_shape.h). */
enum err_code row_names(const struct row_builder *w, const uint64_t *shapes, size_t n,
                        struct buf *out) MUST_CHECK;

#endif
