/*
 * A time zone: by its name in the tz database, "UTC", or a fixed offset such as "+02:00".
 * A zone is read-only once it is open, and threads may share it. Neither opening nor using one
 * touches TZ.
 */
#ifndef NETTY_SHARED_TIME_ZONE_H
#define NETTY_SHARED_TIME_ZONE_H

#include "shared/base/err.h"
#include <stdint.h>

struct zone;
/* Fails with ERR_CONFIG when there is no such zone, or when its data cannot be used. */
enum err_code zone_open(struct zone **z, const char *name, struct err *e) MUST_CHECK;
/* Opens the zone in which people are shown times, as libc finds it: the environment's TZ (a name or a rule), else
 * /etc/localtime, else UTC. Fails with ERR_NOMEM only. */
enum err_code zone_open_local(struct zone **z, struct err *e) MUST_CHECK;
void zone_close(struct zone *z);
const char *zone_name(const struct zone *z);
/* Returns a digest of all changes of the zone. It differs after an update of the tz database that
 * changes the zone. */
uint64_t zone_digest(const struct zone *z);

/* Returns seconds UTC for a wall clock that is given as seconds, counted as if it were UTC. Of an hour that the clock shows
 * twice the later one is meant; an hour that the clock skips is read with the offset that held before it. */
int64_t zone_to_utc(const struct zone *z, int64_t wall);

enum zone_reading {
    ZONE_ONCE,
    ZONE_TWICE, /* the clock is put back over the time: *first and *last are the two moments */
    ZONE_NEVER /* the clock skips the time: *first is the moment of the skip, *last what zone_to_utc returns */
};
/* Returns how often the wall clock shows the time. Sets the earliest and the latest moment (seconds UTC). */
enum zone_reading zone_readings(const struct zone *z, int64_t wall, int64_t *first, int64_t *last);

#endif
