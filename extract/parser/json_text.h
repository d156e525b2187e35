/*
 * Checks what yajl accepts and JSON forbids. Every byte of an answer is checked once, before yajl sees it: UTF-8 strictly (no
 * overlong forms, no surrogates, nothing above U+10FFFF), and no control characters but tab, line feed and carriage return.
 * Also here: the loops over plain bytes and blanks that the parser shares.
 */
#ifndef NETTY_EXTRACT_PARSER_JSON_TEXT_H
#define NETTY_EXTRACT_PARSER_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The state between two chunks; all zero at the beginning of a text. */
struct json_text_check {
    unsigned char missing; /* continuation bytes that the current character still needs */
    unsigned char low;     /* range of the next of these */
    unsigned char high;
};

/* Returns true if s[0..n) is good; else *bad is the offset in s of the first bad byte. */
bool json_text_check(struct json_text_check *c, const char *s, size_t n, size_t *bad);
/* Returns false if the text ended within a character. */
bool json_text_ended(const struct json_text_check *c);

/* Drops the blanks between the tokens of valid JSON, in place; returns the new length. */
size_t json_text_compact(char *s, size_t n);

/* JSON's four blanks. */
static inline bool json_text_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

#define JSON_TEXT_ONES  UINT64_C(0x0101010101010101)
#define JSON_TEXT_HIGHS UINT64_C(0x8080808080808080)

#ifdef __SSE2__
static inline size_t json_text_plain_blocks(const char *s, size_t n)
{
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, control), x);
        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_or_si128(stop, low));
        if (found != 0)
            return i + (size_t)__builtin_ctz(found);
    }
    return i;
}
#else
/* Bytes from 0x80 on end the loop, too; that costs time only. */
static inline size_t json_text_plain_blocks(const char *s, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t x;
        memcpy(&x, s + i, sizeof x);
        uint64_t quote = x ^ (JSON_TEXT_ONES * '"');
        uint64_t slash = x ^ (JSON_TEXT_ONES * '\\');
        if (((x | (x - JSON_TEXT_ONES * 0x20) | (quote - JSON_TEXT_ONES) |
              (slash - JSON_TEXT_ONES)) &
             JSON_TEXT_HIGHS) != 0)
            break;
    }
    return i;
}
#endif

/* Returns how many bytes at s are plain within a JSON string: no quote, backslash or control character. */
static inline size_t json_text_plain(const char *s, size_t n)
{
    size_t i = json_text_plain_blocks(s, n);
    while (i < n && s[i] != '"' && s[i] != '\\' && (unsigned char)s[i] >= 0x20)
        i++;
    return i;
}

/* Returns how many blanks s begins with. Indentation is passed over eight blanks at a time. */
static inline size_t json_text_blanks(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n && json_text_blank(s[i])) {
        i++;
        while (n - i >= 8 && memcmp(s + i, "        ", 8) == 0)
            i += 8;
    }
    return i;
}

#endif
