/* Dates of the Gregorian calendar as days, and offsets from UTC as text. */
#ifndef NETTY_SHARED_TIME_CALENDAR_H
#define NETTY_SHARED_TIME_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the number of days from 1970-01-01 to a date; month and day count from 1. */
int64_t when_days(int year, int month, int day);

/* Reads +HH, +HHMM or +HH:MM at the front of s[0..n) as seconds east of UTC. Returns how many bytes
 * the offset takes; 0: there is none. */
size_t when_parse_offset(const char *s, size_t n, int64_t *seconds);

#endif
