/*
 * What a request asks for: sort, limit, offset, filters (NETTY.md), read from its arguments, and
 * which records of a table that is.
 *
 * time_modified is compared as a time; the filter's value is read as UTC (or as Paris wall clock,
 * whatever it says itself, when reading.paris is set) and then shifted by reading.skew. The key is
 * compared as a number, a missing `deleted` counts as false, other outermost members are compared
 * as their text (quotes taken off, numbers as numbers when both sides are).
 */
#ifndef NETTY_TESTS_SIM_API_QUERY_H
#define NETTY_TESTS_SIM_API_QUERY_H

#include "shared/base/err.h"
#include "shared/time/when.h"
#include "tests/sim/base/args.h"
#include "tests/sim/record/body.h"
#include "tests/sim/record/table.h"
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
    bool greater; /* else equal */
    bool ignored;
    int64_t number; /* time, key, or 0/1 */
    char member[64];
    char value[QUERY_VALUE];
};

enum query_form {
    FORM_WORKS,
    FORM_IGNORED,
    FORM_REFUSED /* ERR_USAGE */
};
enum query_ties {
    TIES_BY_KEY,
    TIES_DRAWN, /* anew for each request */
    TIES_TOP_N  /* by limit and offset together, as PostgreSQL's top-N sort has it */
};

/* In which ways the list differs from what one would like it to be. */
struct query_ways {
    enum query_form sort_key;     /* sort=KEY:asc, sort=KEY:desc */
    enum query_form equal_filter; /* time_modified:equal:TIME */
    enum query_ties ties;         /* how records of one time are ordered */
    uint64_t draw;                /* the request's number */
    uint64_t thin_permille;       /* so many are left out of pages, after the limit; */
    uint64_t thin_from, thin_n;   /* and the ids from one on */
};

struct query {
    unsigned limit;
    uint64_t offset;
    bool descending;
    bool by_key; /* else by time_modified */
    struct query_ways ways;
    struct filter filters[QUERY_FILTERS];
    size_t n_filters;
};

struct query_reading {
    const struct zone *utc; /* how zone-less times are read; borrowed */
    unsigned limit_cap;
    int64_t skew; /* microseconds added to every time of a filter */
    bool paris;
    struct query_ways ways;
};

/* The key that asks may not see it. */
bool query_hides(const struct query_ways *ways, uint32_t id);

/* ERR_USAGE with what the API would say to it. */
enum err_code query_parse(struct query *q, const struct args *args, const struct table *t,
                          const struct query_reading *reading, struct err *e) MUST_CHECK;

/* The positions of the page's records, at most q->limit of them, and how many match in all. */
enum err_code query_run(const struct query *q, struct table *t, const struct body_conf *body,
                        size_t *positions, size_t *n, size_t *total, struct err *e) MUST_CHECK;

#endif
