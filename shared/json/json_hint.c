#include "shared/json/json_hint.h"

#include <stdbool.h>
#include <string.h>

#define TIME "time_modified"

static bool blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

struct text {
    const char *s;
    size_t n;
};

/* The string that begins at s[i], without its quotes; false: it does not end. *i moves behind it. */
static bool read_string(const char *s, size_t n, size_t *i, struct text *t)
{
    size_t from = ++*i;
    while (*i < n && s[*i] != '"')
        *i += s[*i] == '\\' ? 2 : 1;
    if (*i >= n)
        return false;
    *t = (struct text){s + from, *i - from};
    ++*i;
    return true;
}

static bool is(const struct text *t, const char *name)
{
    return t->n == strlen(name) && memcmp(t->s, name, t->n) == 0;
}

/* A scalar's text: up to what ends it. */
static struct text read_plain(const char *s, size_t n, size_t *i)
{
    size_t from = *i;
    while (*i < n && s[*i] != ',' && s[*i] != '}' && s[*i] != ']' && !blank(s[*i]))
        ++*i;
    return (struct text){s + from, *i - from};
}

static bool is_integer(const struct text *t)
{
    size_t sign = t->n > 0 && t->s[0] == '-';
    for (size_t i = sign; i < t->n; i++)
        if (t->s[i] < '0' || t->s[i] > '9')
            return false;
    return t->n > sign && t->n < 20;
}

static void note(struct json_hint *hint, const char *key, const struct text *name,
                 const struct text *value, bool quoted)
{
    if (is(name, key) && is_integer(value)) {
        hint->key = value->s;
        hint->key_len = value->n;
    } else if (quoted && is(name, TIME) && memchr(value->s, '\\', value->n) == NULL) {
        hint->time = value->s;
        hint->time_len = value->n;
    }
}

/* Members at the outermost level, for as long as names, colons and values follow each other. */
struct json_hint json_hint_read(const char *key, const char *s, size_t n)
{
    struct json_hint hint = {0};
    unsigned depth = 0;
    struct text name = {0};
    struct text value;
    for (size_t i = 0; i < n;) {
        char c = s[i];
        bool valued = depth == 1 && name.n > 0;
        if (c == '"') {
            if (!read_string(s, n, &i, &value))
                break;
            size_t colon = i;
            while (colon < n && blank(s[colon]))
                colon++;
            if (depth == 1 && !valued && colon < n && s[colon] == ':') {
                name = value;
                i = colon + 1;
            } else if (valued) {
                note(&hint, key, &name, &value, true);
                name.n = 0;
            }
        } else if (c == '{' || c == '[') {
            depth++;
            i++;
            if (depth > 1)
                name.n = 0;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
            i++;
        } else if (valued && !blank(c)) {
            value = read_plain(s, n, &i);
            note(&hint, key, &name, &value, false);
            name.n = 0;
            i += value.n == 0;
        } else {
            i++;
        }
    }
    return hint;
}
