#include "shared/base/utf8.h"
#include <stdbool.h>

/* How many bytes a first byte announces, the bits it carries, and the least character that needs
 * them. */
static size_t announced(unsigned char first, uint32_t *bits, uint32_t *least)
{
    if (first < 0x80) {
        *bits = first;
        *least = 0;
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        *bits = first & 0x1fu;
        *least = 0x80;
        return 2;
    }
    if (first >= 0xe0 && first <= 0xef) {
        *bits = first & 0x0fu;
        *least = 0x800;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        *bits = first & 0x07u;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t utf8_next(const char *s, size_t n, uint32_t *c)
{
    if (n == 0)
        return 0;
    uint32_t value = 0;
    uint32_t least = 0;
    size_t len = announced((unsigned char)s[0], &value, &least);
    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        unsigned char byte = (unsigned char)s[i];
        if ((byte & 0xc0u) != 0x80u)
            return 0;
        value = value << 6 | (byte & 0x3fu);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *c = value;
    return len;
}

size_t utf8_whole(const char *s, size_t n)
{
    size_t start = n;
    while (start > 0 && n - start < 3 && ((unsigned char)s[start - 1] & 0xc0u) == 0x80u)
        start--;
    if (start == 0)
        return n;
    uint32_t bits = 0;
    uint32_t least = 0;
    size_t len = announced((unsigned char)s[start - 1], &bits, &least);
    return len > n - (start - 1) ? start - 1 : n;
}

struct range {
    uint32_t first, last;
};

/* Marks that sit on the character before them, and characters without a shape. */
static const struct range narrow[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},   {0x064b, 0x065f},
    {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064}, {0x20d0, 0x20f0},   {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0x1ab0, 0x1aff}, {0xe0100, 0xe01ef},
};

/* East Asian wide and full-width characters, and what terminals draw as emoji. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x2614, 0x2615},
    {0x2705, 0x2705},   {0x270a, 0x270b},   {0x2728, 0x2728},   {0x274c, 0x274c},
    {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe4f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff},
    {0x1fa70, 0x1faff}, {0x20000, 0x3fffd},
};

static bool within(uint32_t c, const struct range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static size_t columns(uint32_t c)
{
    if (c < 0x300)
        return 1;
    if (within(c, narrow, sizeof narrow / sizeof narrow[0]))
        return 0;
    return within(c, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

size_t utf8_columns(const char *s, size_t n)
{
    size_t total = 0;
    while (n > 0) {
        uint32_t c = 0;
        size_t len = utf8_next(s, n, &c);
        total += len == 0 ? 1 : columns(c);
        s += len == 0 ? 1 : len;
        n -= len == 0 ? 1 : len;
    }
    return total;
}

bool utf8_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}
