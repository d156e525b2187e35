/*
 * An answer's text: {"count":N,"data":[record, ...]}, and what moods and faults make of it.
 */
#ifndef NETTY_TESTS_SIM_API_PAGE_H
#define NETTY_TESTS_SIM_API_PAGE_H

#include "shared/base/buf.h"
#include "tests/sim/base/mood.h"
#include "tests/sim/record/kept.h"
#include "tests/sim/record/spoil.h"

#define PAGE_MAX ((size_t)1 << 30)

struct page {
    const struct table *table;
    const struct body_conf *body;
    struct kept *kept; /* NULL: each text is made anew */
    const size_t *positions;
    size_t n;
    size_t total;
    const struct mood *mood;
    const struct spoils *spoils;
    enum fault fault; /* those of the text: notarray, nullelement, deep, garbage, utf8,
                         error_object, html */
    bool pretty;
};

/* rng decides what fault there is exactly. Errors are out's. */
enum err_code page_write(const struct page *page, struct rng *rng, struct buf *out) MUST_CHECK;

/* An error as the API sends it: {"error":{"code":401,"message":"..."}} */
enum err_code page_error(unsigned status, const char *message, struct buf *out) MUST_CHECK;
/* Why a table's requests are refused, in words of a kind that mood.refuse_words names. */
enum err_code page_refusal(unsigned status, enum words_are words, struct buf *out) MUST_CHECK;
/* A web server's own idea of an error page. */
enum err_code page_html(unsigned status, struct buf *out) MUST_CHECK;

#endif
