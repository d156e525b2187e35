/*
 * What a request asks for: sort, limit, offset, filters (NETTY.md), read from its arguments, and
 * which records of a table that is.
 *
 * time_modified is compared as a time; the filter's value is read as UTC (or as Paris wall clock,
 * whatever it says itself, when reading.paris is set) and then shifted by reading.skew. The key is
 * compared as a number, a missing `deleted` counts as false, other outermost members are compared
 * as their text (quotes taken off, numbers as numbers when both sides are).
 */
#ifndef NETTY_SIM_QUERY_H
#define NETTY_SIM_QUERY_H

#include "shared/base/err.h"
#include "shared/time/when.h"
#include "tests/sim/args.h"
#include "tests/sim/body.h"
#include "tests/sim/table.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUERY_FILTERS 8
#define QUERY_VALUE   256

enum filter_on {
    FILTER_TIME,
    FILTER_KEY,
    FILTER_DELETED,
    FILTER_MEMBER
};

struct filter {
    enum filter_on on;
    bool greater;   /* else equal */
    int64_t number; /* time, key, or 0/1 */
    char member[64];
    char value[QUERY_VALUE];
};

struct query {
    unsigned limit;
    uint64_t offset;
    bool descending;
    struct filter filters[QUERY_FILTERS];
    size_t n_filters;
};

struct query_reading {
    const struct zone *utc; /* how zone-less times are read; borrowed */
    unsigned limit_cap;
    int64_t skew; /* microseconds added to every time of a filter */
    bool paris;
};

/* ERR_USAGE with what the API would say to it. */
enum err_code query_parse(struct query *q, const struct args *args, const struct table *t,
                          const struct query_reading *reading, struct err *e) MUST_CHECK;

/* The positions of the page's records, at most q->limit of them, and how many match in all. */
enum err_code query_run(const struct query *q, const struct table *t, const struct body_conf *body,
                        size_t *positions, size_t *n, size_t *total, struct err *e) MUST_CHECK;

#endif
