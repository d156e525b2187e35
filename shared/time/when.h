/*
 * Points in time, and the forms they come in.
 *
 * A time is an int64_t of microseconds since 1970-01-01T00:00:00Z, or WHEN_NONE (no time). Years are
 * 0001 to 9999.
 *
 * The API does not document its form, so when_parse takes all that PostgreSQL takes of this kind:
 * `YYYY-MM-DD HH:MM:SS`, with `T`, without the seconds, with a fraction (digits after the sixth are
 * dropped), with `Z` or an offset (+HH, +HHMM, +HH:MM), a date alone (midnight), and MySQL's
 * `0000-00-00 00:00:00`, which means no time. Second 60 is the next minute's first, 24:00:00 the next
 * day's. A time without an offset is wall clock in a given zone. Where the clock shows an hour twice,
 * the later one (standard time) is meant; an hour that the clock skips is read with the offset that
 * held before it. PostgreSQL reads all of these in the same way.
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

/* Sets *t to a time, or to WHEN_NONE for a zero date. Fails with ERR_DATA when s has none of the forms, or is out of range,
 * and leaves the message to the caller. */
enum err_code when_parse(const char *s, size_t n, const struct zone *z, int64_t *t) MUST_CHECK;
/* The same for a time that a person writes: sets the earliest and the latest time that can be meant. They differ where the
 * clock shows that time twice, or skips it. Both are WHEN_NONE for a zero date. */
struct when_window {
    int64_t first, last;
    enum zone_reading reading;
};
enum err_code when_parse_window(const char *s, size_t n, const struct zone *z,
                                struct when_window *w) MUST_CHECK;

int64_t when_now(void);  /* the wall clock, which may be set */
int64_t when_tick(void); /* a clock that never jumps, microseconds since some start */

#define WHEN_TEXT 40
/* The following write t into out, and return out. when_api: "2024-05-13T10:22:33.000Z", the form that the API's filters take;
 * microseconds are cut. WHEN_NONE: "". */
const char *when_api(int64_t t, char out[WHEN_TEXT]);
/* "2024-05-13T10:22:33.123456Z", with all digits, for files. WHEN_NONE: "". */
const char *when_iso(int64_t t, char out[WHEN_TEXT]);
/* "2024-05-13 12:22:33 CEST", for people, in the machine's zone (TZ). WHEN_NONE: "-". */
const char *when_people(int64_t t, char out[WHEN_TEXT]);

/* Reads an HTTP date in one of the three forms of RFC 9110; blanks around it are allowed. Fails with ERR_DATA. */
enum err_code when_parse_http(const char *s, size_t n, int64_t *t) MUST_CHECK;

#endif
