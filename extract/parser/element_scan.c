#include "extract/parser/element_scan.h"
#include "shared/json/json_record_scan.h"
#include <string.h>

#define TIME_NAME "time_modified"
#define MEMBERS   512                /* records with more of them are yajl's */
#define NAMES_MAX ((size_t)64 << 10) /* decoded names that had escapes */

static bool is_name(const char *name, size_t n, const char *wanted, size_t wanted_len)
{
    return n == wanted_len && memcmp(name, wanted, n) == 0;
}

/* The text of a string or, where that counts, of a number. False: it has escapes. */
static bool take_value(const struct member *m, bool number, const char **s, size_t *n)
{
    *s = NULL;
    *n = 0;
    if (m->kind == JSON_STRING) {
        *s = m->value + 1;
        *n = m->value_len - 2;
    } else if (m->kind == JSON_NUMBER && number) {
        *s = m->value;
        *n = m->value_len;
    }
    return *n == 0 || memchr(*s, '\\', *n) == NULL;
}

bool element_scan_record(const char *key, size_t key_len, const char *s, size_t n,
                         struct scanned *r)
{
    struct member members[MEMBERS];
    struct buf names;
    buf_init(&names, NAMES_MAX);
    struct record_scan scan = {.members = members, .capacity = MEMBERS, .names = &names};
    *r = (struct scanned){.len = record_scan_first(&scan, s, n), .spaced = scan.spaced};
    bool good = r->len > 0;
    const char *decoded = names.data;
    for (size_t i = 0; good && i < scan.count; i++) {
        const struct member *m = &members[i];
        const char *name = m->name != NULL ? m->name : decoded;
        if (m->name == NULL)
            decoded += m->name_len;
        if (is_name(name, m->name_len, TIME_NAME, sizeof TIME_NAME - 1))
            good = take_value(m, false, &r->time, &r->time_len);
        else if (is_name(name, m->name_len, key, key_len))
            good = take_value(m, true, &r->key, &r->key_len);
    }
    buf_free(&names);
    return good;
}
