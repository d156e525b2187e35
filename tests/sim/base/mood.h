/*
 * How the stand-in misbehaves: a set of numbers, by name, each within bounds (README.md lists them
 * all). Every table has its own mood; what concerns the key (throttle_*) is the same for all.
 */
#ifndef NETTY_TESTS_SIM_BASE_MOOD_H
#define NETTY_TESTS_SIM_BASE_MOOD_H

#include "shared/base/buf.h"
#include "tests/sim/base/args.h"
#include "tests/sim/base/rng.h"
#include <stdbool.h>
#include <stdint.h>

/* throttle_retry_after, beside seconds: no such header, and as long as it really takes (rounded
 * up). */
#define RETRY_AFTER_NONE (-1)
#define RETRY_AFTER_TRUE (-2)

enum count_is {
    COUNT_TOTAL,
    COUNT_PAGE,
    COUNT_GARBAGE,
    COUNT_NONE
};
enum envelope {
    ENVELOPE_PLAIN,
    ENVELOPE_RICH,
    ENVELOPE_BARE
};

enum key_filter {
    KEY_WORKS,
    KEY_IGNORED, /* as if it were not there */
    KEY_REFUSED, /* status 400 */
    KEY_EMPTY,   /* nothing is ever found */
    KEY_OTHER    /* always the list's first record */
};

enum fail_how {
    FAIL_500,
    FAIL_502,
    FAIL_504,
    FAIL_413,
    FAIL_CUT,
    FAIL_HANG,
    FAIL_RESET
};
enum words_are {
    WORDS_NESTED,  /* {"error":{"code":403,"message":"..."}} */
    WORDS_ERROR,   /* {"error":"..."} */
    WORDS_MESSAGE, /* {"message":"..."} */
    WORDS_LINES,   /* a text of several lines */
    WORDS_CONTROL, /* with control characters, an escape sequence for terminals, and no UTF-8 */
    WORDS_LONG,
    WORDS_NONE /* no body */
};
enum empty_is {
    EMPTY_ARRAY,
    EMPTY_NULL,
    EMPTY_OBJECT,
    EMPTY_MISSING
};
enum deleted_is {
    DELETED_BOOL,
    DELETED_NUMBER, /* 0 and 1 */
    DELETED_TEXT,   /* "0" and "1" */
    DELETED_NULL    /* null and "true" */
};

struct mood {
    /* the list changes while it is read */
    int64_t edits_per_request, inserts_per_request, deletes_per_request, marks_per_request;
    int64_t ties_per_request;
    int64_t edits_after; /* 1: after the page is made instead of before */
    int64_t edit_ahead;  /* seconds: such an edit's time is up to so much after now */
    /* how a request is read */
    int64_t skew_seconds; /* a filter's times are read so much later (+) or earlier (-) */
    int64_t filter_paris;
    int64_t ignore_filter, ignore_offset, same_page_forever;
    int64_t key_filter;             /* enum key_filter: what comes of {key}:equal:... */
    int64_t limit_cap;              /* 0: as configured */
    int64_t sort_key, equal_filter; /* enum query_form: sort=KEY:..., time_modified:equal:... */
    int64_t ties;                   /* enum query_ties: how records of one time are ordered */
    int64_t thin_permille;          /* so many records are left out of pages, after the limit; */
    int64_t thin_from, thin_n;      /* and so many ids from one on */
    int64_t born_timeless;          /* new records have no time until they are edited */
    int64_t limit_slow_above;       /* a request with a greater limit hangs; 0: none does */
    /* how an answer looks */
    int64_t count_is, envelope, gzip;
    int64_t date, date_skew;
    int64_t latency_ms;
    /* faults: percent of requests, one at a time */
    int64_t p500, p_html, p_error_object, p_cut, p_reset, p_hang, p_stall, p_garbage, p_utf8;
    int64_t p_notarray, p_nullelement, p_deep, p_redirect, p404;
    int64_t hang_seconds; /* of p_hang, p_stall and limit_slow_above */
    int64_t faults_max;   /* no more faults after so many; -1: no end */
    /* the key has asked too often */
    int64_t throttle_after; /* requests answered before it; -1: never */
    int64_t throttle_status, throttle_retry_after, throttle_retry_date;
    int64_t throttle_seconds, throttle_requests, throttle_extends;
    /* what one table's pages, or all, are like for long */
    int64_t limit_fail_above; /* a request with a greater limit fails; 0: none does */
    int64_t limit_fail_how;   /* enum fail_how */
    int64_t refuse_status;    /* every request is answered so; 0: none */
    int64_t refuse_words;     /* enum words_are: how the answer says why */
    int64_t empty_is;         /* enum empty_is: a page without records */
    int64_t bom;              /* U+FEFF before the body */
    int64_t key_text;         /* keys are strings of digits */
    int64_t deleted_is;       /* enum deleted_is */
};

enum fault {
    FAULT_NONE,
    FAULT_500,
    FAULT_HTML,
    FAULT_ERROR_OBJECT,
    FAULT_CUT,
    FAULT_RESET,
    FAULT_HANG,
    FAULT_STALL,
    FAULT_GARBAGE,
    FAULT_UTF8,
    FAULT_NOTARRAY,
    FAULT_NULLELEMENT,
    FAULT_DEEP,
    FAULT_REDIRECT,
    FAULT_404,
    FAULTS
};

extern const struct mood mood_good; /* the default: none of it */

/* Changes the members that are named; `reset=1` first makes all good again, `table` is overlooked.
 * ERR_USAGE names what is unknown or out of bounds, and nothing has changed then. */
enum err_code mood_set(struct mood *m, const struct args *args, struct err *e) MUST_CHECK;
bool mood_is_throttle(const char *name); /* a member for all tables only */

/* {"edits_per_request":0,...} */
enum err_code mood_show(const struct mood *m, struct buf *out) MUST_CHECK;

enum fault mood_fault(const struct mood *m, struct rng *r);
const char *fault_name(enum fault f); /* "p500"; "" for none */

#endif
