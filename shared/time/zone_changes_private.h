/*
 * The list of a time zone's changes, and how it is filled from the tz database. Shared by the files
 * behind zone.h.
 * Why not libc's localtime: it knows one zone a process, TZ. Another zone would need setenv, which is
 * not safe while other threads (the resolver's) call getenv.
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

/* In ascending order; the first change's `at` is ZONE_EVER. From second `cycle` on, where cycle is not 0, the changes repeat
 * those of the ZONE_CYCLE seconds before: 400 years, after which weekdays and leap years repeat. */
struct zone_changes {
    struct zone_change *list;
    size_t n;
    size_t capacity;
    int64_t cycle;
};
#define ZONE_EVER  (INT64_MIN / 4) /* leaves room to add offsets */
#define ZONE_CYCLE INT64_C(12622780800)

/* zone_changes.c: appends a change. Fails with ERR_NOMEM, or ERR_TOO_BIG beyond what any real zone has. */
enum err_code zone_add(struct zone_changes *c, int64_t at, int64_t offset) MUST_CHECK;

/* zone_file.c: reads a compiled zone file (TZif, RFC 8536, version 2 and later). A file that is no such file is ERR_CONFIG,
 * a missing one ERR_IO with e->sys == ENOENT; the message has the path. */
enum err_code zone_file_read(struct zone_changes *c, const char *path, struct err *e) MUST_CHECK;

/* zone_rule.c: reads the rule for the time after the last listed change, such as "CET-1CEST,M3.5.0,M10.5.0/3", and appends
 * one cycle of changes. Fails with ERR_DATA when the rule is not understood. */
enum err_code zone_rule_extend(struct zone_changes *c, const char *rule) MUST_CHECK;

#endif
