/*
 * UTF-8, as far as messages, JSON strings and tables on a terminal need it.
 */
#ifndef NETTY_SHARED_BASE_UTF8_H
#define NETTY_SHARED_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the length in bytes (1 to 4) of the first character of s[0..n), and sets *c to it. Returns 0
 * when there is no character: n is 0, or the first bytes are a stray byte, an overlong form, a
 * surrogate, beyond U+10FFFF, or cut short. */
size_t utf8_next(const char *s, size_t n, uint32_t *c);

/* Returns the greatest length up to n at which s can be cut without cutting a character. */
size_t utf8_whole(const char *s, size_t n);

/* Is c a control character: one that a terminal may obey, or that hides or reverses the text around it? These are C0, DEL,
 * C1, the separators of lines and paragraphs, and the marks that set a direction. People are shown them escaped, never raw. */
bool utf8_is_control(uint32_t c);

/* Returns how many columns of a terminal s takes: combining marks take none, CJK and emoji two. Bytes
 * that are not UTF-8 count as one each. */
size_t utf8_columns(const char *s, size_t n);

#endif
