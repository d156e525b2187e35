/*
 * What yajl lets pass and JSON does not: every byte of an answer is looked at once, before yajl
 * sees it. UTF-8 is checked strictly (no overlong forms, no surrogates, nothing above U+10FFFF),
 * and control characters other than tab, line feed and carriage return are refused: JSON allows
 * them nowhere.
 */
#ifndef NETTY_EXTRACT_TEXT_H
#define NETTY_EXTRACT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The state between two chunks; all zero at the beginning of a text. */
struct text_check {
    unsigned char missing; /* continuation bytes of the character at hand */
    unsigned char low;     /* range of the next one */
    unsigned char high;
};

/* True when s[0..n) goes on well; else *bad is the offset in s of the first byte that does not. */
bool text_check(struct text_check *c, const char *s, size_t n, size_t *bad);
/* False when the text ended within a character. */
bool text_ended(const struct text_check *c);

/* Drops the blanks between the tokens of valid JSON, in place; returns the new length. */
size_t text_compact(char *s, size_t n);

/* JSON's four blanks. */
static inline bool text_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#endif
