/*
 * Warnings that PHP has written amid an answer's JSON, where a server that prints record after record leaves them.
 *
 *     n = php_warnings_cut(s, n, out);   // out: n bytes of room
 *
 * A warning has PHP's own form, as text or as HTML: "Warning: WORDS in FILE on line N", on a line of its own, and is looked
 * for outside strings only. So where s begins between two elements and what remains is JSON to its close, nothing but
 * warnings was left out: JSON has no such text outside a string, and a string's bytes are never touched.
 */
#ifndef NETTY_EXTRACT_PARSER_PHP_WARNING_H
#define NETTY_EXTRACT_PARSER_PHP_WARNING_H

#include <stddef.h>

/* Copies s without the warnings to out. Returns the length of what remains: n where there is none. */
size_t php_warnings_cut(const char *s, size_t n, char *out);

#endif
