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
#include <stddef.h>
#include <stdint.h>

#define WHEN_NONE   INT64_MIN
#define WHEN_SECOND INT64_C(1000000)

struct zone; /* a time zone by its tz database name, "UTC", or a fixed offset such as "+02:00" */
/* ERR_CONFIG when there is no such zone or its data cannot be used. A zone is read-only once open:
 * it may be shared by threads, and neither opening nor using one touches TZ. */
enum err_code zone_open(struct zone **z, const char *name, struct err *e) MUST_CHECK;
void zone_close(struct zone *z);
const char *zone_name(const struct zone *z);
/* Of all its changes: another one when an update of the tz database has changed the zone. */
uint64_t zone_digest(const struct zone *z);

/* OK with *t = a time or WHEN_NONE (zero dates); ERR_DATA when s is none of the forms, or out of
 * range. No message: the caller knows whose time it was. */
enum err_code when_parse(const char *s, size_t n, const struct zone *z, int64_t *t) MUST_CHECK;

/* Days from 1970-01-01 to a date of the Gregorian calendar, month and day from 1. */
int64_t when_days(int year, int month, int day);

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
