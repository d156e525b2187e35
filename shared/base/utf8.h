/*
 * UTF-8 as far as messages, JSON strings and tables need it: where a character ends, what it is,
 * and how many columns a terminal gives it.
 */
#ifndef NETTY_SHARED_BASE_UTF8_H
#define NETTY_SHARED_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length in bytes (1 to 4) of the character that s[0..n) starts with, and the character in *c;
 * 0 when it starts with none (n is 0, a stray byte, an overlong form, a surrogate, beyond U+10FFFF,
 * cut short). */
size_t utf8_next(const char *s, size_t n, uint32_t *c);

/* The greatest length up to n at which s is not cut within a character. */
size_t utf8_whole(const char *s, size_t n);

/* What a terminal might obey, or what hides or turns the writing around it: C0, DEL, C1, the separators of lines and
 * paragraphs, and the marks that set a direction. Shown to people escaped, never raw. */
bool utf8_is_control(uint32_t c);

/* How many terminal columns s takes: combining marks none, CJK and emoji two. Bytes that are not
 * UTF-8 count one each. */
size_t utf8_columns(const char *s, size_t n);

#endif
