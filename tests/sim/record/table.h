/*
 * One table's records: which there are, their times, and their order. A record's text is not kept;
 * it follows from the seed, the table, and what stands in struct rec (body.h), so that a million
 * records are some 32 MB.
 *
 * The order is the API's `time_modified:asc`, ties by id; records without a time stand all at the
 * start or all at the end. Positions are good until the next change.
 *
 *     struct table *t;
 *     table_open(&t, &conf, e);
 *     for (size_t i = table_after(t, time); i < table_timed_end(t); i++) ... table_at(t, i)
 *     table_change(t, &change, &changed, e);
 *
 * Not safe for several threads at once: the world's lock is the caller's.
 */
#ifndef NETTY_TESTS_SIM_RECORD_TABLE_H
#define NETTY_TESTS_SIM_RECORD_TABLE_H

#include "shared/base/err.h"
#include "shared/base/table_names.h"
#include "tests/sim/base/rng.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_MAX_RECORDS 20000000u

/* A time that is none, sorting first or last. */
#define TIMELESS_FIRST INT64_MIN
#define TIMELESS_LAST  INT64_MAX

#define REC_DELETED 1u /* carries deleted: true */

struct rec {
    int64_t time;    /* time_modified: microseconds, or TIMELESS_* */
    int64_t created; /* time_created */
    uint32_t id;
    uint32_t version; /* 1, 2, 3 ...: goes up with every change of the record's text */
    uint32_t flags;
};

static inline bool rec_timeless(const struct rec *r)
{
    return r->time == TIMELESS_FIRST || r->time == TIMELESS_LAST;
}

struct table_conf {
    char name[NAMES_TABLE_MAX + 1];
    uint64_t seed;
    uint32_t records;
    int64_t start;   /* records' times lie in [start - span, start) */
    int64_t span;    /* microseconds, at least a second */
    bool fine;       /* times in microseconds; otherwise in whole seconds */
    int64_t no_time; /* TIMELESS_FIRST or TIMELESS_LAST */
    uint32_t timeless, future,
        ties; /* how many of the records have no time, one in 2099, one same time */
};

struct table;
enum err_code table_open(struct table **t, const struct table_conf *conf, struct err *e) MUST_CHECK;
void table_close(struct table *t);

const char *table_name(const struct table *t);
const char *table_key(const struct table *t); /* contact_id */
uint64_t table_seed(const struct table *t);   /* the seed, mixed with the name */
uint32_t table_next_id(const struct table *t);

size_t table_count(const struct table *t);
const struct rec *table_at(const struct table *t, size_t i);
/* The first position whose record has a time > time; never among the timeless. */
size_t table_after(const struct table *t, int64_t time);
size_t table_timed_begin(const struct table *t);
size_t table_timed_end(const struct table *t);
/* The positions of all records in the order of their ids, good until the next change; NULL when memory is short. */
const size_t *table_by_id(struct table *t);
/* All records by id, malloc'ed, table_count of them; NULL when memory is short (or there are none).
 */
struct rec *table_copy(const struct table *t);

enum change_kind {
    CHANGE_EDIT,     /* new version, new time */
    CHANGE_INSERT,   /* new ids */
    CHANGE_DELETE,   /* gone, without a trace */
    CHANGE_MARK,     /* an edit that sets deleted: true */
    CHANGE_TIE,      /* an edit of n records that gives all one same time */
    CHANGE_FUTURE,   /* an edit that sets a time in 2099 */
    CHANGE_TIMELESS, /* an edit that takes the time away */
    CHANGE_RESTORE, /* the last of those that were deleted, or one by id, are there again as they were */
};

struct change {
    enum change_kind kind;
    size_t n;       /* how many, chosen at random; no more than there are */
    uint32_t id;    /* not 0: this one instead (if it exists) */
    int64_t now;    /* new times lie in [now - spread, now + ahead] */
    int64_t spread; /* microseconds; without effect on CHANGE_TIE */
    int64_t ahead;
    bool timeless; /* new records have no time */
    uint64_t seed; /* the choice follows from it and the table's state */
};

/* *changed tells how many records were changed. A failure changes nothing. */
enum err_code table_change(struct table *t, const struct change *change, size_t *changed,
                           struct err *e) MUST_CHECK;

#endif
