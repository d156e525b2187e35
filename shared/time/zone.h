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
/* The zone in which times are shown to people, as libc finds it: TZ, a name or a rule, else /etc/localtime, else UTC.
 * ERR_NOMEM alone. */
enum err_code zone_open_local(struct zone **z, struct err *e) MUST_CHECK;
void zone_close(struct zone *z);
const char *zone_name(const struct zone *z);
/* Returns a digest of all changes of the zone. It differs after an update of the tz database that
 * changes the zone. */
uint64_t zone_digest(const struct zone *z);

/* Returns seconds UTC. Takes the wall clock as seconds, counted as if it were UTC. Of a doubled hour it returns the later
 * reading, of a missing one the reading with the offset before. */
int64_t zone_to_utc(const struct zone *z, int64_t wall);

enum zone_reading {
    ZONE_ONCE,
    ZONE_TWICE, /* clocks are put back over it: *first and *last are both readings */
    ZONE_NEVER /* clocks are put forward over it: *first is that moment, *last what zone_to_utc returns */
};
/* Returns how often the wall clock shows the time, and the earliest and the latest reading. */
enum zone_reading zone_readings(const struct zone *z, int64_t wall, int64_t *first, int64_t *last);

#endif
