#include "shared/base/buf.h"
#include "shared/base/units.h"
#include "shared/base/utf8.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_ALLOCATION 64

/* What data points to while nothing is allocated. Nothing is ever written here. */
static char nothing[1];

void buf_init(struct buf *b, size_t max)
{
    /* One more is allocated for the closing 0, and no object is larger than PTRDIFF_MAX. */
    size_t most = (size_t)PTRDIFF_MAX - 1;
    *b = (struct buf){.data = nothing, .max = max < most ? max : most};
}

void buf_free(struct buf *b)
{
    if (b->cap > 0)
        free(b->data);
    buf_init(b, b->max);
}

static void set_len(struct buf *b, size_t len)
{
    b->len = len;
    if (b->cap > 0)
        b->data[len] = '\0';
}

void buf_reset(struct buf *b)
{
    set_len(b, 0);
}

enum err_code buf_reserve(struct buf *b, size_t n)
{
    if (n > b->max - b->len)
        return ERR_TOO_BIG;
    size_t need = b->len + n;
    if (need <= b->cap)
        return OK;
    size_t cap = b->cap < LEAST_ALLOCATION ? LEAST_ALLOCATION : b->cap;
    while (cap < need)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    char *data = realloc(b->cap > 0 ? b->data : NULL, cap + 1);
    if (data == NULL)
        return ERR_NOMEM;
    b->data = data;
    b->cap = cap;
    data[b->len] = '\0';
    return OK;
}

void buf_grown(struct buf *b, size_t n)
{
    set_len(b, b->len + n);
}

enum err_code buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return OK;
    enum err_code rc = buf_reserve(b, n);
    if (rc != OK)
        return rc;
    memcpy(b->data + b->len, p, n);
    buf_grown(b, n);
    return OK;
}

enum err_code buf_adds(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

enum err_code buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

/* First into the room that is there: that is nearly always enough. */
enum err_code buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    enum err_code rc = OK;
    size_t room = b->cap - b->len;
    va_start(args, fmt);
    int n = vsnprintf(room > 0 ? b->data + b->len : NULL, room > 0 ? room + 1 : 0, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n > room)
        set_len(b, b->len); /* ends there again */
    if (n < 0)
        return ERR_INTERNAL;
    if ((size_t)n > room && (rc = buf_reserve(b, (size_t)n)) == OK) {
        va_start(args, fmt);
        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, args);
        va_end(args);
    }
    if (rc == OK)
        buf_grown(b, (size_t)n);
    return rc;
}

void buf_consume(struct buf *b, size_t n)
{
    size_t gone = n < b->len ? n : b->len;
    memmove(b->data, b->data + gone, b->len - gone);
    set_len(b, b->len - gone);
}

void buf_truncate(struct buf *b, size_t n)
{
    if (n < b->len)
        set_len(b, n);
}

static enum err_code add_control(struct buf *b, uint32_t c)
{
    static const char letters[] = "btn.fr";
    if (c >= '\b' && c <= '\r' && c != '\v') {
        char escape[2] = {'\\', letters[c - '\b']};
        return buf_add(b, escape, sizeof escape);
    }
    return buf_addf(b, "\\u%04x", (unsigned)c);
}

/* s with control characters escaped, bytes that are not UTF-8 replaced and, for JSON, `"` and `\`
 * escaped. */
static enum err_code add_escaped(struct buf *b, const char *s, size_t n, bool json)
{
    enum err_code rc = OK;
    size_t plain = 0; /* s[plain..i) is copied as it is */
    size_t i = 0;
    while (rc == OK && i < n) {
        uint32_t c = 0;
        size_t len = utf8_next(s + i, n - i, &c);
        bool quote = json && (c == '"' || c == '\\');
        if (len > 0 && !utf8_is_control(c) && !quote) {
            i += len;
            continue;
        }
        rc = buf_add(b, s + plain, i - plain);
        if (rc == OK && len == 0)
            rc = buf_adds(b, "\xef\xbf\xbd");
        else if (rc == OK && quote)
            rc = buf_addf(b, "\\%c", (char)c);
        else if (rc == OK)
            rc = add_control(b, c);
        i += len == 0 ? 1 : len;
        plain = i;
    }
    return rc == OK ? buf_add(b, s + plain, n - plain) : rc;
}

enum err_code buf_add_text(struct buf *b, const char *s, size_t n)
{
    size_t before = b->len;
    enum err_code rc = add_escaped(b, s, n, false);
    if (rc != OK)
        buf_truncate(b, before);
    return rc;
}

enum err_code buf_add_json(struct buf *b, const char *s, size_t n)
{
    size_t before = b->len;
    enum err_code rc = buf_addc(b, '"');
    if (rc == OK)
        rc = add_escaped(b, s, n, true);
    if (rc == OK)
        rc = buf_addc(b, '"');
    if (rc != OK)
        buf_truncate(b, before);
    return rc;
}

enum err_code buf_err(struct err *e, enum err_code code, const struct buf *b, const char *what)
{
    char max[UNITS_TEXT];
    switch (code) {
    case OK:
        return OK;
    case ERR_TOO_BIG:
        return err_set(e, code, "%s is larger than %s", what,
                       units_show_size((int64_t)b->max, max));
    case ERR_NOMEM:
        return err_set(e, code, "%s: out of memory", what);
    default:
        return err_set(e, code, "%s: cannot be formatted", what);
    }
}
