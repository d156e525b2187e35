/*
 * Points in time, and the forms they come in.
 *
 * A time is an int64_t of microseconds since 1970-01-01T00:00:00Z, or WHEN_NONE. Years 0001 to
 * 9999.
 *
 * The API's form is not known (NETTY.md), so when_parse takes them all: `YYYY-MM-DD HH:MM:SS`, with
 * `T`, without the seconds, with a fraction (digits after the sixth dropped), with `Z` or an offset
 * (+HH, +HHMM, +HH:MM), a date alone (midnight), and MySQL's `0000-00-00 00:00:00`, which is no
 * time. Second 60 and hour 24:00:00 run over into the next minute and day. Zone-less ones are wall
 * clock in a zone; of an hour that comes twice the later (standard time) is meant, and an hour that
 * does not exist is read with the offset before the gap. All of this is as PostgreSQL does.
 */
#ifndef NETTY_SHARED_TIME_WHEN_H
#define NETTY_SHARED_TIME_WHEN_H

#include "shared/base/err.h"
#include "shared/time/calendar.h"
#include "shared/time/zone.h"
#include <stddef.h>
#include <stdint.h>

#define WHEN_NONE   INT64_MIN
#define WHEN_SECOND INT64_C(1000000)

/* OK with *t = a time or WHEN_NONE (zero dates); ERR_DATA when s is none of the forms, or out of
 * range. No message: the caller knows whose time it was. */
enum err_code when_parse(const char *s, size_t n, const struct zone *z, int64_t *t) MUST_CHECK;
/* The same for a time that a person writes: its earliest and its latest meaning, which differ where clocks are put back or
 * forward over it. Both are WHEN_NONE for a zero date. */
struct when_window {
    int64_t first, last;
    enum zone_reading reading;
};
enum err_code when_parse_window(const char *s, size_t n, const struct zone *z,
                                struct when_window *w) MUST_CHECK;

int64_t when_now(void);  /* the wall clock */
int64_t when_tick(void); /* a clock that never jumps, microseconds since some start */

#define WHEN_TEXT 40
/* "2024-05-13T10:22:33.000Z", the form that the API's filter is known to take (milliseconds, cut).
 * WHEN_NONE: "". */
const char *when_api(int64_t t, char out[WHEN_TEXT]);
/* "2024-05-13T10:22:33.123456Z": all digits, for files. WHEN_NONE: "". */
const char *when_iso(int64_t t, char out[WHEN_TEXT]);
/* "2024-05-13 12:22:33 CEST": for people, in the machine's zone (TZ). WHEN_NONE: "-". */
const char *when_people(int64_t t, char out[WHEN_TEXT]);

/* An HTTP date (RFC 9110, its three forms), blanks around it allowed. ERR_DATA otherwise. */
enum err_code when_parse_http(const char *s, size_t n, int64_t *t) MUST_CHECK;

#endif
