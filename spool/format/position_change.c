#include "spool/format/position_change.h"

#include <stdbool.h>
#include <string.h>

/* One member as it stands: "name":value */
struct member {
    const char *text;
    size_t name; /* bytes, quotes included */
    size_t n;
};

struct members {
    const char *at; /* the brace or comma before the next member */
    const char *end;
    bool bad; /* it is no object */
};

static struct members members_of(const char *text, size_t n)
{
    return (struct members){.at = text, .end = text + n, .bad = n < 2 || text[0] != '{'};
}

/* Returns the position behind the string that begins at p; NULL: the string does not end. */
static const char *skip_string(const char *p, const char *end)
{
    if (p == end || *p != '"')
        return NULL;
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && ++p == end)
            return NULL;
    return p < end ? p + 1 : NULL;
}

/* Returns the comma or brace that ends the value at p; NULL: the value does not end. */
static const char *skip_value(const char *p, const char *end)
{
    size_t depth = 0;
    while (p != NULL && p < end) {
        if (depth == 0 && (*p == ',' || *p == '}'))
            return p;
        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        p = *p == '"' ? skip_string(p, end) : p + 1;
    }
    return NULL;
}

static bool next(struct members *w, struct member *m)
{
    if (!w->bad && *w->at == '{' && w->at[1] == '}')
        w->at++;
    if (w->bad || *w->at == '}') {
        w->bad = w->bad || w->at + 1 != w->end;
        return false;
    }
    const char *colon = skip_string(w->at + 1, w->end);
    const char *value = colon != NULL && colon < w->end && *colon == ':' ? colon + 1 : NULL;
    const char *behind = skip_value(value, w->end);
    if (behind == NULL) {
        w->bad = true;
        return false;
    }
    *m = (struct member){
        .text = w->at + 1, .name = (size_t)(colon - w->at - 1), .n = (size_t)(behind - w->at - 1)};
    w->at = behind;
    return true;
}

static bool same_name(const struct member *a, const struct member *b)
{
    return a->name == b->name && memcmp(a->text, b->text, a->name) == 0;
}

static bool same(const struct member *a, const struct member *b)
{
    return a->n == b->n && memcmp(a->text, b->text, a->n) == 0;
}

static enum err_code add_member(struct buf *b, const struct member *m)
{
    enum err_code rc = buf_addc(b, b->len == 0 ? '{' : ',');
    return rc == OK ? buf_add(b, m->text, m->n) : rc;
}

static enum err_code end_object(struct buf *b)
{
    return buf_adds(b, b->len == 0 ? "{}" : "}");
}

enum err_code position_change_find(struct buf *changes, const char *before, const char *now)
{
    struct members from = members_of(before, strlen(before));
    struct members to = members_of(now, strlen(now));
    struct member x = {0};
    struct member y = {0};
    enum err_code rc = OK;
    bool both;
    buf_reset(changes);
    do {
        bool one = next(&from, &x);
        both = next(&to, &y);
        if (one != both || (both && !same_name(&x, &y))) {
            buf_reset(changes);
            return OK;
        }
        if (both && !same(&x, &y))
            rc = add_member(changes, &y);
    } while (both && rc == OK);
    if (rc == OK && !from.bad && !to.bad)
        return end_object(changes);
    buf_reset(changes);
    return rc;
}

static bool find(const char *changes, size_t n, const struct member *wanted, struct member *found)
{
    struct members w = members_of(changes, n);
    while (next(&w, found))
        if (same_name(wanted, found))
            return true;
    return false;
}

enum err_code position_change_apply(struct buf *now, const char *before, const char *changes,
                                    size_t n, struct err *e)
{
    struct members from = members_of(before, strlen(before));
    struct members to = members_of(changes, n);
    struct member at;
    struct member changed;
    size_t left = 0;
    enum err_code rc = OK;
    while (next(&to, &at))
        left++;
    buf_reset(now);
    while (rc == OK && next(&from, &at)) {
        bool is = find(changes, n, &at, &changed);
        left -= is && left > 0;
        rc = add_member(now, is ? &changed : &at);
    }
    if (rc == OK)
        rc = end_object(now);
    if (rc != OK)
        return buf_err(e, rc, now, "a position");
    return from.bad || to.bad || left > 0
               ? err_set(e, ERR_DAMAGED, "tells of another position than the page's")
               : OK;
}
