#include "extract/text.h"
#include <stdint.h>
#include <string.h>

/* Are all eight bytes printable ASCII? A borrow can only come from a byte that is not. */
static bool plain8(const char *s)
{
    uint64_t word;
    memcpy(&word, s, sizeof word);
    uint64_t below = word - UINT64_C(0x2020202020202020);
    return ((word | below) & UINT64_C(0x8080808080808080)) == 0;
}

static bool expect(struct text_check *c, unsigned missing, unsigned low, unsigned high)
{
    c->missing = (unsigned char)missing;
    c->low = (unsigned char)low;
    c->high = (unsigned char)high;
    return true;
}

/* The table of well-formed sequences in the Unicode standard (3-7), by first byte. */
static bool lead(struct text_check *c, unsigned char b)
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

static bool byte(struct text_check *c, unsigned char b)
{
    if (c->missing > 0) {
        if (b < c->low || b > c->high)
            return false;
        return expect(c, c->missing - 1u, 0x80, 0xBF);
    }
    if (b >= 0x80)
        return lead(c, b);
    return b >= 0x20 || text_blank((char)b);
}

bool text_check(struct text_check *c, const char *s, size_t n, size_t *bad)
{
    size_t i = 0;
    while (i < n) {
        while (c->missing == 0 && n - i >= 8 && plain8(s + i))
            i += 8;
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

bool text_ended(const struct text_check *c)
{
    return c->missing == 0;
}

/* The length of the string that begins at s, with both quotes. */
static size_t string_length(const char *s, size_t n)
{
    size_t i = 1;
    while (i < n && s[i] != '"')
        i += s[i] == '\\' ? 2 : 1;
    return i < n ? i + 1 : n;
}

size_t text_compact(char *s, size_t n)
{
    size_t in = 0;
    size_t out = 0;
    while (in < n) {
        if (text_blank(s[in])) {
            in++;
            continue;
        }
        size_t piece = s[in] == '"' ? string_length(s + in, n - in) : 1;
        memmove(s + out, s + in, piece);
        in += piece;
        out += piece;
    }
    return out;
}
