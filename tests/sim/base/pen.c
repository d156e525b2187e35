#include "tests/sim/base/pen.h"

#include <stdbool.h>

void pen_uint(struct pen *p, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    pen_raw(p, digits + at, sizeof digits - at);
}

static void escape_unit(struct pen *p, unsigned unit, bool capitals)
{
    const char *hex = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[6] = {
        '\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]};
    pen_raw(p, text, sizeof text);
}

/* One character of the (valid) UTF-8 at s, as one or two \u escapes; returns its length in bytes.
 */
static size_t escape_character(struct pen *p, const unsigned char *s, bool capitals)
{
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    unsigned code = s[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (s[i] & 0x3fu);
    if (code >= 0x10000) {
        code -= 0x10000;
        escape_unit(p, 0xd800 | code >> 10, capitals);
        escape_unit(p, 0xdc00 | (code & 0x3ff), capitals);
    } else {
        escape_unit(p, code, capitals);
    }
    return n;
}

static const char *short_escape(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static void spell(struct pen *p, const char *utf8, bool ascii, bool slash, bool capitals)
{
    const unsigned char *s = (const unsigned char *)utf8;
    while (*s != '\0') {
        size_t run = 0; /* characters that stand for themselves */
        while (s[run] >= 0x20 && s[run] != '"' && s[run] != '\\' && !(ascii && s[run] >= 0x80) &&
               !(slash && s[run] == '/'))
            run++;
        pen_raw(p, (const char *)s, run);
        s += run;
        if (*s == '\0')
            break;
        const char *escape = short_escape(*s);
        if (*s >= 0x80)
            s += escape_character(p, s, capitals) - 1;
        else if (*s == '/')
            pen_put(p, "\\/");
        else if (escape != NULL)
            pen_put(p, escape);
        else
            escape_unit(p, *s, capitals);
        s++;
    }
}

void pen_string(struct pen *p, const char *utf8)
{
    uint64_t how = rng_next(&p->rng);
    pen_raw(p, "\"", 1);
    spell(p, utf8, (how & 7) < 3, (how & 8) != 0, (how & 16) != 0);
    pen_raw(p, "\"", 1);
}

void pen_plain(struct pen *p, const char *utf8)
{
    spell(p, utf8, false, false, false);
}
