#include "extract/parser/element_scan.h"
#include "extract/parser/json_text.h"
#include "shared/json/json_strict.h"
#include <stdint.h>
#include <string.h>

#define TIME_NAME "time_modified"
/* An escape is at most six times as long as the ASCII that it stands for. */
#define NAME_RAW_MAX ((size_t)6 * 64)

struct cursor {
    const char *p;
    const char *end;
    uint64_t arrays; /* a bit for each level: is it an array? */
    unsigned depth;
    bool spaced;
    enum element_scan_result why; /* it does not go on */
};

struct text {
    const char *s;
    size_t n;
    bool escaped;
};

static bool stop(struct cursor *c, enum element_scan_result why)
{
    c->why = why;
    return false;
}

/* The next byte that is no blank, which stays; 0 at the end (no token begins with one). */
static inline char peek(struct cursor *c)
{
    if (c->p < c->end && (unsigned char)*c->p > ' ')
        return *c->p;
    size_t blanks = json_text_blanks(c->p, (size_t)(c->end - c->p));
    c->spaced |= blanks > 0;
    c->p += blanks;
    return c->p < c->end ? *c->p : 0;
}

static bool short_or_other(struct cursor *c)
{
    return stop(c, c->p < c->end ? ELEMENT_SCAN_OTHER : ELEMENT_SCAN_SHORT);
}

/* The backslash is at p. */
static bool pass_escape(struct cursor *c)
{
    static const char letters[] = "\"\\/bfnrt";
    size_t left = (size_t)(c->end - c->p);
    if (left < 2)
        return stop(c, ELEMENT_SCAN_SHORT);
    if (c->p[1] != 'u') {
        if (memchr(letters, c->p[1], sizeof letters - 1) == NULL)
            return stop(c, ELEMENT_SCAN_OTHER);
        c->p += 2;
        return true;
    }
    if (left < 6)
        return stop(c, ELEMENT_SCAN_SHORT);
    for (int i = 2; i < 6; i++) {
        char x = (char)(c->p[i] | 0x20);
        if (!(c->p[i] >= '0' && c->p[i] <= '9') && !(x >= 'a' && x <= 'f'))
            return stop(c, ELEMENT_SCAN_OTHER);
    }
    c->p += 6;
    return true;
}

/* The opening quote is at p. */
static inline bool pass_string(struct cursor *c, struct text *t)
{
    c->p++;
    *t = (struct text){.s = c->p};
    for (;;) {
        c->p += json_text_plain(c->p, (size_t)(c->end - c->p));
        if (c->p == c->end)
            return stop(c, ELEMENT_SCAN_SHORT);
        if (*c->p == '"')
            break;
        if (*c->p != '\\')
            return stop(c, ELEMENT_SCAN_OTHER); /* a control character */
        t->escaped = true;
        if (!pass_escape(c))
            return false;
    }
    t->n = (size_t)(c->p - t->s);
    c->p++;
    return true;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Passes a number. Only the byte behind it shows that it has ended, so at the end of the text that is not known. */
static bool pass_number(struct cursor *c, struct text *t)
{
    const char *p = c->p;
    const char *end = c->end;
    *t = (struct text){.s = p};
    if (*p == '-')
        p++;
    const char *from = p;
    p = p < end && *p == '0' ? p + 1 : digits(p, end);
    bool good = p > from;
    if (good && p < end && *p == '.') {
        from = p + 1;
        p = digits(from, end);
        good = p > from;
    }
    if (good && p < end && (*p | 0x20) == 'e') {
        from = p + 1;
        if (from < end && (*from == '+' || *from == '-'))
            from++;
        p = digits(from, end);
        good = p > from;
    }
    c->p = p;
    t->n = (size_t)(p - t->s);
    return good && p < end ? true : short_or_other(c);
}

static bool pass_word(struct cursor *c, const char *word, size_t n)
{
    size_t left = (size_t)(c->end - c->p);
    if (memcmp(c->p, word, left < n ? left : n) != 0)
        return stop(c, ELEMENT_SCAN_OTHER);
    if (left < n)
        return stop(c, ELEMENT_SCAN_SHORT);
    c->p += n;
    return true;
}

static bool is_name(const struct text *t, const char *name, size_t n)
{
    char plain[NAME_RAW_MAX];
    if (!t->escaped)
        return t->n == n && memcmp(t->s, name, n) == 0;
    return t->n <= sizeof plain && json_unescape(t->s, t->n, plain) == n &&
           memcmp(plain, name, n) == 0;
}

/* Where a value's text goes, if the value is the record's key or time; else NULL. */
struct wanted {
    const char **s;
    size_t *n;
    bool number; /* counts too */
};

static bool pass_name(struct cursor *c, const char *key, size_t key_len, struct scanned *r,
                      struct wanted *wanted)
{
    struct text name;
    *wanted = (struct wanted){0};
    if (peek(c) != '"')
        return short_or_other(c);
    if (!pass_string(c, &name))
        return false;
    if (c->depth == 1) {
        if (is_name(&name, TIME_NAME, sizeof TIME_NAME - 1))
            *wanted = (struct wanted){&r->time, &r->time_len, false};
        else if (is_name(&name, key, key_len))
            *wanted = (struct wanted){&r->key, &r->key_len, true};
        if (wanted->s != NULL) {
            *wanted->s = NULL;
            *wanted->n = 0;
        }
    }
    if (peek(c) != ':')
        return short_or_other(c);
    c->p++;
    return true;
}

static bool pass_scalar(struct cursor *c, char first, const struct wanted *wanted)
{
    struct text t = {0};
    bool number = false;
    bool good;
    switch (first) {
    case '"':
        good = pass_string(c, &t);
        break;
    case 't':
        return pass_word(c, "true", 4);
    case 'f':
        return pass_word(c, "false", 5);
    case 'n':
        return pass_word(c, "null", 4);
    default:
        if (first != '-' && (first < '0' || first > '9'))
            return short_or_other(c);
        number = true;
        good = pass_number(c, &t);
    }
    if (!good || wanted->s == NULL || (number && !wanted->number))
        return good;
    if (t.escaped)
        return stop(c, ELEMENT_SCAN_OTHER);
    *wanted->s = t.s;
    *wanted->n = t.n;
    return true;
}

static char closer(const struct cursor *c)
{
    return (c->arrays >> c->depth & 1) != 0 ? ']' : '}';
}

static bool in_object(const struct cursor *c)
{
    return closer(c) == '}';
}

static bool pass_opener(struct cursor *c, bool array)
{
    if (c->depth == ELEMENT_SCAN_DEPTH)
        return stop(c, ELEMENT_SCAN_OTHER);
    c->depth++;
    c->arrays = (c->arrays & ~(UINT64_C(1) << c->depth)) | (uint64_t)array << c->depth;
    c->p++;
    return true;
}

/* Passes what stands behind a value: closing brackets, and the comma before the next value, if there is one. */
static bool pass_closers(struct cursor *c, bool *next)
{
    while (c->depth > 0) {
        char x = peek(c);
        if (x == ',') {
            c->p++;
            return *next = true;
        }
        if (x != closer(c))
            return short_or_other(c);
        c->p++;
        c->depth--;
    }
    *next = false;
    return true;
}

enum element_scan_result element_scan_record(const char *key, size_t key_len, const char *s,
                                             size_t n, struct scanned *r)
{
    struct cursor c = {.p = s, .end = s + n};
    struct scanned found = {0};
    struct wanted wanted = {0};
    bool next = true;
    while (next) {
        if (c.depth > 0 && in_object(&c) && !pass_name(&c, key, key_len, &found, &wanted))
            return c.why;
        char first = peek(&c);
        bool array = first == '[';
        if (array || first == '{') {
            if (!pass_opener(&c, array))
                return c.why;
            wanted.s = NULL;
            if (peek(&c) != closer(&c))
                continue; /* with its first member */
        } else if (!pass_scalar(&c, first, &wanted)) {
            return c.why;
        }
        if (!pass_closers(&c, &next))
            return c.why;
    }
    found.len = (size_t)(c.p - s);
    found.spaced = c.spaced;
    *r = found;
    return ELEMENT_SCAN_RECORD;
}
