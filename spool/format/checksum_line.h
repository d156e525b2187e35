/*
 * A line that vouches for itself: one JSON object whose last member is the checksum of all before
 * it,
 *     {"page":1,...,"sum":"0123456789abcdef"}
 * sum is XXH3-64 of the line's bytes before `,"sum"`. Journals, the catalog, dead letters and
 * spool.json are made of such lines.
 *
 *     size_t start = b->len;
 *     buf_addf(b, "{\"page\":%" PRIu64, page);      // everything but sum and the closing brace
 *     checksum_line_end(b, start);
 */
#ifndef NETTY_SPOOL_FORMAT_CHECKSUM_LINE_H
#define NETTY_SPOOL_FORMAT_CHECKSUM_LINE_H

#include "shared/base/buf.h"
#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_LINE_TAIL 26 /* ,"sum":"0123456789abcdef"} */

/* Ends the line that began at start, line end included. */
enum err_code checksum_line_end(struct buf *b, size_t start) MUST_CHECK;

/* line[0..n), without its line end. */
bool checksum_line_ok(const char *line, size_t n);

/* The length of an intact line at the beginning of p[0..n), or 0: finds the end of a line
 * whose line end was damaged. */
size_t checksum_line_prefix(const char *p, size_t n);

#endif
