/*
 * Removes warnings that PHP has printed into an answer's JSON, between records.
 *
 *     n = php_warnings_cut(s, n, out);   // out: n bytes of room
 *
 * A warning has PHP's own form, as text or as HTML: "Warning: WORDS in FILE on line N", on a line of its own. It is looked
 * for outside strings only. If s begins between two elements and the rest is JSON to its end, then nothing but warnings was
 * removed: JSON has no such text outside a string, and the bytes of a string are never touched.
 */
#ifndef NETTY_EXTRACT_PARSER_PHP_WARNING_H
#define NETTY_EXTRACT_PARSER_PHP_WARNING_H

#include <stddef.h>

/* Copies s without the warnings to out. Returns the length of what remains: n where there is none. */
size_t php_warnings_cut(const char *s, size_t n, char *out);

#endif
