/*
 * The list of a time zone's changes, and how it is filled from the tz database: for the files that
 * make a zone (zone.h).
 * libc's localtime does not do: it knows one zone a process, TZ, and changing TZ is a setenv, which
 * other threads' getenv (the resolver's, say) does not survive.
 */
#ifndef NETTY_SHARED_TIME_ZONE_CHANGES_PRIVATE_H
#define NETTY_SHARED_TIME_ZONE_CHANGES_PRIVATE_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

/* From `at` (seconds UTC) until the next change, wall clock = UTC + offset (seconds). */
struct zone_change {
    int64_t at;
    int64_t offset;
};

/* Ascending; the first one's `at` is ZONE_EVER. From second `cycle` on, where it is not 0, the
 * changes repeat those of the ZONE_CYCLE before (400 years, after which weekdays and leap years
 * come again). */
struct zone_changes {
    struct zone_change *list;
    size_t n;
    size_t capacity;
    int64_t cycle;
};
#define ZONE_EVER  (INT64_MIN / 4) /* leaves room to add offsets */
#define ZONE_CYCLE INT64_C(12622780800)

/* zone_changes.c. Appends; ERR_NOMEM, or ERR_TOO_BIG beyond what any real zone has. */
enum err_code zone_add(struct zone_changes *c, int64_t at, int64_t offset) MUST_CHECK;

/* zone_file.c: a compiled zone file (TZif, RFC 8536, version 2 and later). ERR_CONFIG with the
 * path; e->sys tells ENOENT. */
enum err_code zone_file_read(struct zone_changes *c, const char *path, struct err *e) MUST_CHECK;

/* zone_rule.c: the rule for the time after the last listed change, such as
 * "CET-1CEST,M3.5.0,M10.5.0/3". Appends one cycle of changes. ERR_DATA when it is not understood.
 */
enum err_code zone_rule_extend(struct zone_changes *c, const char *rule) MUST_CHECK;

#endif
