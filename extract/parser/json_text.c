#include "extract/parser/json_text.h"
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
/* How many of the bytes at s are printable ASCII, by sixteens; stops at the first that is not. */
static size_t printable(const char *s, size_t n)
{
    const __m128i blank = _mm_set1_epi8(0x20);
    size_t i = 0;
    for (; n - i >= 16; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
        /* Signed: bytes from 0x80 on are less than any letter. */
        unsigned other = (unsigned)_mm_movemask_epi8(_mm_cmplt_epi8(x, blank));
        if (other != 0)
            return i + (size_t)__builtin_ctz(other);
    }
    return i;
}
#else
/* The same eight bytes at a time, for processors without SSE2. The result may be too small, and is never too large. */
static size_t printable(const char *s, size_t n)
{
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t x;
        memcpy(&x, s + i, sizeof x);
        if (((x | (x - JSON_TEXT_ONES * 0x20)) & JSON_TEXT_HIGHS) != 0)
            break;
    }
    return i;
}
#endif

static bool expect(struct json_text_check *c, unsigned missing, unsigned low, unsigned high)
{
    c->missing = (unsigned char)missing;
    c->low = (unsigned char)low;
    c->high = (unsigned char)high;
    return true;
}

/* The table of well-formed sequences in the Unicode standard (3-7), by first byte. */
static bool lead(struct json_text_check *c, unsigned char b)
{
    if (b >= 0xC2 && b <= 0xDF)
        return expect(c, 1, 0x80, 0xBF);
    if (b == 0xE0)
        return expect(c, 2, 0xA0, 0xBF);
    if (b == 0xED)
        return expect(c, 2, 0x80, 0x9F);
    if (b >= 0xE1 && b <= 0xEF)
        return expect(c, 2, 0x80, 0xBF);
    if (b == 0xF0)
        return expect(c, 3, 0x90, 0xBF);
    if (b >= 0xF1 && b <= 0xF3)
        return expect(c, 3, 0x80, 0xBF);
    if (b == 0xF4)
        return expect(c, 3, 0x80, 0x8F);
    return false;
}

static bool byte(struct json_text_check *c, unsigned char b)
{
    if (c->missing > 0) {
        if (b < c->low || b > c->high)
            return false;
        return expect(c, c->missing - 1u, 0x80, 0xBF);
    }
    if (b >= 0x80)
        return lead(c, b);
    return b >= 0x20 || json_text_blank((char)b);
}

bool json_text_check(struct json_text_check *c, const char *s, size_t n, size_t *bad)
{
    size_t i = 0;
    while (i < n) {
        if (c->missing == 0)
            i += printable(s + i, n - i);
        if (i == n)
            break;
        if (!byte(c, (unsigned char)s[i])) {
            *bad = i;
            return false;
        }
        i++;
    }
    return true;
}

bool json_text_ended(const struct json_text_check *c)
{
    return c->missing == 0;
}

/* The length of the string that begins at s, with both quotes. */
static size_t string_length(const char *s, size_t n)
{
    size_t i = 1;
    while (i < n && (i += json_text_plain(s + i, n - i)) < n && s[i] != '"')
        i += s[i] == '\\' ? 2 : 1;
    return i < n ? i + 1 : n;
}

size_t json_text_compact(char *s, size_t n)
{
    size_t out = 0;
    for (size_t in = 0; in < n;) {
        size_t piece = 1;
        if (s[in] == '"')
            piece = string_length(s + in, n - in);
        else if (json_text_blank(s[in])) {
            in += json_text_blanks(s + in, n - in);
            continue;
        }
        if (piece == 1)
            s[out] = s[in];
        else
            memmove(s + out, s + in, piece);
        in += piece;
        out += piece;
    }
    return out;
}
