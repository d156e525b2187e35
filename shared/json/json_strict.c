#include "shared/json/json_strict.h"
#include "shared/base/utf8.h"
#include "shared/json/json_types.h"
#include <stdbool.h>
#include <string.h>

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* Are these 8 bytes all printable ASCII other than a backslash? (May say no for some that are.) */
static bool plain(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof(x));
    uint64_t slash = x ^ (ONES * '\\');
    return ((x | (x - ONES * 0x20) | (slash - ONES)) & HIGHS) == 0;
}

/* The code unit of \uXXXX at s, or -1. */
static int32_t code_unit(const char *s, size_t n)
{
    int32_t v = 0;
    if (n < 6 || s[0] != '\\' || s[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = s[i];
        if (c >= '0' && c <= '9')
            v = v * 16 + (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v * 16 + ((c | 0x20) - 'a' + 10);
        else
            return -1;
    }
    return v;
}

/* Returns the character of the escape, or of the pair of escapes, at s; -1: malformed. *used is 6 or 12. For half a pair:
 * 0xFFFD, and *lone is true. */
static int32_t code_point(const char *s, size_t n, size_t *used, bool *lone)
{
    int32_t high = code_unit(s, n);
    *used = 6;
    *lone = false;
    if (high < 0xD800 || high > 0xDFFF)
        return high;
    int32_t low = high < 0xDC00 ? code_unit(s + 6, n - 6) : -1;
    if (low < 0xDC00 || low > 0xDFFF) {
        *lone = true;
        return 0xFFFD;
    }
    *used = 12;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/* How many bytes the escape at s takes; a malformed one is left to yajl. */
static size_t pass_escape(const char *s, size_t n, uint32_t *flags)
{
    size_t used;
    bool lone;
    int32_t c = code_point(s, n, &used, &lone);
    if (c < 0)
        return n < 2 ? n : 2;
    if (c == 0)
        *flags |= RECORD_HAS_NUL;
    if (lone)
        *flags |= RECORD_LONE_SURROGATE;
    return used;
}

const char *json_strict_check(const char *s, size_t n, uint32_t *flags, size_t *at)
{
    size_t i = 0;
    uint32_t c;
    while (i < n) {
        if (n - i >= 8 && plain(s + i)) {
            i += 8;
            continue;
        }
        unsigned char byte = (unsigned char)s[i];
        size_t step = 1;
        *at = i;
        if (byte == '\\')
            step = pass_escape(s + i, n - i, flags);
        else if (byte >= 0x80 && (step = utf8_next(s + i, n - i, &c)) == 0)
            return "bytes that are not UTF-8";
        else if (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t')
            return "a control character";
        i += step;
    }
    return NULL;
}

static size_t put_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF0 << (4 - n) & 0xFF) | c);
    return n;
}

static char control(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter; /* quote, backslash, slash */
    }
}

size_t json_unescape(const char *s, size_t n, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < n;) {
        size_t used;
        bool lone;
        if (s[i] != '\\' || i + 1 == n) {
            out[len++] = s[i++];
            continue;
        }
        int32_t c = code_point(s + i, n - i, &used, &lone);
        if (c >= 0) {
            len += put_utf8((uint32_t)c, out + len);
            i += used;
        } else {
            out[len++] = control(s[i + 1]);
            i += 2;
        }
    }
    return len;
}
