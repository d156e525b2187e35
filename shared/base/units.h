/*
 * Durations (10ms 5s 10m 2h 7d) and sizes (64K 16M 1G): read from settings, and written for people.
 * A number without a unit is seconds or bytes. Signs, fractions and blanks are not accepted. Reading
 * fails with ERR_USAGE when the text is malformed or out of range, and leaves the message to the
 * caller, who knows the setting's name and origin.
 */
#ifndef NETTY_SHARED_BASE_UNITS_H
#define NETTY_SHARED_BASE_UNITS_H

#include "shared/base/err.h"
#include <stdint.h>

enum err_code units_duration(const char *s, int64_t *us) MUST_CHECK; /* microseconds */
enum err_code units_size(const char *s, int64_t *bytes) MUST_CHECK;
enum err_code units_count(const char *s, int64_t *n) MUST_CHECK;

#define UNITS_TEXT 48
const char *units_show_duration(int64_t us, char out[UNITS_TEXT]); /* "2h", "1m30s", "250ms" */
const char *units_show_seconds(int64_t us, char out[UNITS_TEXT]);  /* "1.234", for programs; cut */
const char *units_show_size(int64_t bytes, char out[UNITS_TEXT]);  /* "1.3 MiB" */
const char *units_show_count(int64_t n,
                             char out[UNITS_TEXT]); /* "1 234 567", narrow no-break spaces */

#endif
