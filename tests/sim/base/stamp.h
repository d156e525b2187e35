/*
 * Times as the API might write them (NETTY.md: the form is not known), and dates for HTTP headers.
 * Times are microseconds since 1970 in UTC, years 1970 to 9999. Paris time follows the European
 * Union's summer time rule, for all years, so that the texts do not depend on the machine's zone
 * files.
 */
#ifndef NETTY_TESTS_SIM_BASE_STAMP_H
#define NETTY_TESTS_SIM_BASE_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_TEXT 40

enum stamp_format {
    STAMP_ISO,      /* 2024-05-13T10:22:33.000Z */
    STAMP_Z,        /* 2024-05-13T10:22:33Z */
    STAMP_SPACE,    /* 2024-05-13 10:22:33, in UTC */
    STAMP_T,        /* 2024-05-13T10:22:33, in UTC */
    STAMP_FRACTION, /* 2024-05-13T10:22:33.123456Z: the one form with a resolution below a second */
    STAMP_OFFSET,   /* 2024-05-13T12:22:33+02:00 */
    STAMP_PARIS,    /* 2024-05-13 12:22:33, wall clock in Paris */
    STAMP_MIXED,    /* each record one of ISO, Z, SPACE, T, OFFSET */
    STAMP_FORMATS
};

/* "iso", "z", "space", "t", "fraction", "offset", "paris", "mixed" */
bool stamp_format_named(const char *name, enum stamp_format *f);
const char *stamp_format_names(void); /* for messages: "iso|z|..." */

/* Writes the text (no terminator needed by callers, but there is one) and returns its length.
 * pick chooses the form for STAMP_MIXED. */
size_t stamp_text(enum stamp_format f, uint64_t pick, int64_t t, char out[STAMP_TEXT]);

/* "Mon, 13 May 2024 10:22:33 GMT" */
void stamp_http(int64_t t, char out[STAMP_TEXT]);

/* Microseconds that Paris is ahead of UTC at t; and the time that a Paris wall clock (read as if it
 * were UTC) stands for: of an hour that comes twice the later. */
int64_t stamp_paris_ahead(int64_t t);
int64_t stamp_from_paris(int64_t wall);

#endif
