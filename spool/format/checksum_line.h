/*
 * A checksummed line: one JSON object whose last member is the checksum of everything before it,
 *     {"page":1,...,"sum":"0123456789abcdef"}
 * sum is XXH3-64 of the line's bytes before `,"sum"`. All files of the spool but the records are made
 * of such lines.
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

/* Appends the checksum, the closing brace and the line end to the line that began at start. */
enum err_code checksum_line_end(struct buf *b, size_t start) MUST_CHECK;

/* Does the checksum of line[0..n), without its line end, match? */
bool checksum_line_ok(const char *line, size_t n);

/* Returns the length of an intact line at the beginning of p[0..n), or 0. Finds where a line ends whose line end was
 * damaged. */
size_t checksum_line_prefix(const char *p, size_t n);

#endif
