/*
 * An API in memory for the crawl's unit tests: one table, one crawl over it, and what came of it.
 */
#ifndef NETTY_TESTS_UNIT_EXTRACT_CRAWL_API_H
#define NETTY_TESTS_UNIT_EXTRACT_CRAWL_API_H

#include "extract/crawl/crawl.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR       (INT64_C(3600) * WHEN_SECOND)
#define START      (INT64_C(1715595753) * WHEN_SECOND) /* 2024-05-13T10:22:33Z */
#define MANY       20000
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* An API with one table: times[i] is record i's, in the list's order; WHEN_NONE for none. */
struct api {
    int64_t times[MANY];
    unsigned n;
    int64_t read; /* filters are read this much later */
    int64_t date;
    unsigned cap;
    bool ignores_filter, ignores_offset, stuck;
    bool draws;     /* each answer begins with another record, whatever the offset */
    bool no_keys;   /* it does not sort by key */
    bool no_count;  /* it does not tell how many match, */
    int64_t was;    /* ... or so many, which is a number of before; 0: the right one */
    unsigned lacks; /* each so many-th record is in every other answer only */
    const char *(*show)(int64_t t, char out[WHEN_TEXT]);
    struct crawl *crawl;
    struct zone *zone;
    struct buf position;
    unsigned requests, most; /* of them, at most */
    bool kept[MANY];
    char first_after[CRAWL_TIME_MAX]; /* of the run */
    struct crawl_request last;
    struct crawl_stats stats;
    struct err e;
};

static const struct crawl_conf plain = {.limit = 100,
                                        .overlap = 2 * HOUR,
                                        .margin = 60 * WHEN_SECOND,
                                        .since = WHEN_NONE,
                                        .floor = WHEN_NONE,
                                        .keyed = true};

static inline int setup(void **state)
{
    struct api *api = calloc(1, sizeof(*api));
    assert_non_null(api);
    api->date = START;
    api->most = 5000;
    api->show = when_api;
    api->e = ERR_INIT;
    buf_init(&api->position, 8192);
    assert_int_equal(zone_open(&api->zone, "UTC", &api->e), OK);
    *state = api;
    return 0;
}

static inline int teardown(void **state)
{
    struct api *api = *state;
    crawl_close(api->crawl);
    zone_close(api->zone);
    buf_free(&api->position);
    free(api);
    return 0;
}

/* n records, step apart, the last one at `last`. */
static inline void fill(struct api *api, unsigned n, int64_t step, int64_t last)
{
    api->n = n;
    for (unsigned i = 0; i < n; i++)
        api->times[i] = last - (int64_t)(n - 1 - i) * step;
}

static inline void open_with(struct api *api, struct crawl_conf conf)
{
    crawl_close(api->crawl);
    conf.zone = api->zone;
    api->requests = 0;
    const char *position = api->position.len > 0 ? api->position.data : NULL;
    assert_int_equal(crawl_open(&api->crawl, &conf, position, &api->e), OK);
}

static inline void send(struct api *api, unsigned i)
{
    char text[WHEN_TEXT] = "";
    if (api->times[i] != WHEN_NONE)
        (void)api->show(api->times[i], text);
    struct crawl_seen seen = {
        .identity = i + 1, .time = text, .time_len = strlen(text), .key = i + 1, .keyed = true};
    assert_int_equal(crawl_record(api->crawl, &seen, &api->e), OK);
}

static inline enum crawl_verdict answer(struct api *api, const struct crawl_request *r)
{
    unsigned sent[MANY];
    unsigned n = 0;
    int64_t cut = INT64_MIN;
    uint64_t skip = api->ignores_offset || api->stuck || api->draws ? 0 : r->offset;
    bool filtered = r->after[0] != '\0' && !api->ignores_filter && !api->stuck;
    bool equal = r->equal[0] != '\0' && !api->ignores_filter && !api->stuck;
    unsigned limit = api->cap > 0 && api->cap < r->limit ? api->cap : r->limit;
    int64_t count = 0;
    if (api->no_keys && r->sort != CRAWL_BY_TIME) {
        assert_true(crawl_refused(api->crawl, true));
        return CRAWL_RETAKE;
    }
    if (filtered || equal)
        assert_int_equal(when_parse(equal ? r->equal : r->after,
                                    strlen(equal ? r->equal : r->after), NULL, &cut),
                         OK);
    unsigned first = api->draws ? api->requests * 37 % api->n : 0;
    for (unsigned at = 0; at < api->n; at++) {
        unsigned i = r->sort == CRAWL_BY_KEY_DOWN ? api->n - 1 - at : (at + first) % api->n;
        if (filtered && (api->times[i] == WHEN_NONE || api->times[i] <= cut + api->read))
            continue;
        if (equal && api->times[i] != cut + api->read)
            continue;
        if (api->lacks > 0 && api->requests % 2 == 0 && i % api->lacks == api->lacks / 2)
            continue;
        count++;
        if (skip > 0)
            skip--;
        else if (n < limit)
            sent[n++] = i;
    }
    for (unsigned i = 0; i < n; i++)
        send(api, sent[i]);
    struct crawl_answer a = {.date = api->date,
                             .count = api->no_count  ? -1
                                      : api->was > 0 ? api->was
                                                     : count};
    enum crawl_verdict verdict = crawl_page(api->crawl, &a, &api->e);
    for (unsigned i = 0; i < n && verdict == CRAWL_KEEP; i++)
        api->kept[sent[i]] = true;
    return verdict;
}

/* One request; false when there is none left or the API is called broken. */
static inline bool step(struct api *api)
{
    struct crawl_request r;
    if (crawl_next(api->crawl, &r) == CRAWL_DONE)
        return false;
    if (api->requests++ == 0)
        memcpy(api->first_after, r.after, sizeof(r.after));
    assert_true(api->requests < api->most);
    api->last = r;
    enum crawl_verdict verdict = answer(api, &r);
    crawl_stats(api->crawl, &api->stats);
    if (verdict == CRAWL_KEEP) {
        buf_reset(&api->position);
        assert_int_equal(crawl_position(api->crawl, &api->position, &api->e), OK);
    }
    return verdict != CRAWL_BROKEN;
}

static inline void run(struct api *api)
{
    open_with(api, plain);
    while (step(api))
        ;
}

/* The same where the API cannot be asked by key. */
static inline void run_by_time(struct api *api)
{
    struct crawl_conf conf = plain;
    conf.keyed = false;
    open_with(api, conf);
    while (step(api))
        ;
}

static inline unsigned missing(const struct api *api)
{
    unsigned n = 0;
    for (unsigned i = 0; i < api->n; i++)
        n += !api->kept[i];
    return n;
}

static inline void assert_complete(struct api *api, unsigned most)
{
    assert_int_equal(api->e.code, OK);
    assert_int_equal(missing(api), 0);
    if (api->requests > most)
        fail_msg("%u requests, at most %u were expected", api->requests, most);
}

#endif
