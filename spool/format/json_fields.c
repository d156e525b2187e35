#include "spool/format/json_fields.h"

#include "shared/json/json_memory.h"
#include "shared/json/json_record_scan.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <string.h>
#include <yajl/yajl_parse.h>

struct walk {
    struct field *fields;
    size_t count;
    struct field *at; /* the field whose value comes next; NULL: a member that is not asked for */
    yajl_handle yajl;
    const char *text;
    size_t depth; /* 1: between the outermost braces */
    size_t start; /* of the nested value at hand */
    const char *why;
    bool no_memory; /* for a member's value */
};

static int refuse(struct walk *w, const char *why)
{
    w->why = why;
    return 0;
}

static bool parse_count(const char *s, size_t n, uint64_t *value)
{
    uint64_t v = 0;
    if (n == 0 || n > 19)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s[i] - '0');
    }
    *value = v;
    return v <= INT64_MAX;
}

static bool parse_hash(const char *s, size_t n, uint64_t *value)
{
    uint64_t v = 0;
    if (n != 16)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] >= '0' && s[i] <= '9')
            v = v << 4 | (uint64_t)(s[i] - '0');
        else if (s[i] >= 'a' && s[i] <= 'f')
            v = v << 4 | (uint64_t)(s[i] - 'a' + 10);
        else
            return false;
    }
    *value = v;
    return true;
}

/* The spool writes UTC only, so no zone is ever needed. */
static bool parse_time(const char *s, size_t n, int64_t *value)
{
    return n > 0 && s[n - 1] == 'Z' && when_parse(s, n, NULL, value) == OK && *value != WHEN_NONE;
}

static void set_absent(const struct field *f)
{
    switch (f->type) {
    case FIELD_TIME:
        *(int64_t *)f->to = WHEN_NONE;
        break;
    case FIELD_TEXT:
        *(char *)f->to = '\0';
        break;
    case FIELD_BUF:
        buf_reset(f->to);
        break;
    case FIELD_RAW:
        *(struct slice *)f->to = (struct slice){NULL, 0};
        break;
    case FIELD_COUNT:
    case FIELD_HASH:
        *(uint64_t *)f->to = 0;
        break;
    }
}

static bool set_string(struct walk *w, const struct field *f, const char *s, size_t n)
{
    switch (f->type) {
    case FIELD_TIME:
        return parse_time(s, n, f->to);
    case FIELD_HASH:
        return parse_hash(s, n, f->to);
    case FIELD_TEXT:
        if (n >= f->room || memchr(s, '\0', n))
            return false;
        memcpy(f->to, s, n);
        ((char *)f->to)[n] = '\0';
        return true;
    case FIELD_BUF:
        buf_reset(f->to);
        w->no_memory = buf_add(f->to, s, n) == ERR_NOMEM;
        return ((struct buf *)f->to)->len == n;
    case FIELD_COUNT:
    case FIELD_RAW:
        break;
    }
    return false;
}

/* A value has come. Returns its field; NULL: it is not asked for. */
static struct field *take(struct walk *w)
{
    struct field *f = w->depth == 1 ? w->at : NULL;
    if (w->depth == 1)
        w->at = NULL;
    return f;
}

static int on_null(void *ctx)
{
    struct walk *w = ctx;
    struct field *f = take(w);
    if (w->depth == 0)
        return refuse(w, "is not an object");
    if (!f)
        return 1;
    if (!f->optional)
        return refuse(w, "has a null where a value belongs");
    set_absent(f);
    return 1;
}

static int on_bool(void *ctx, int value)
{
    struct walk *w = ctx;
    (void)value;
    if (w->depth == 0)
        return refuse(w, "is not an object");
    return take(w) ? refuse(w, "has a member of another type") : 1;
}

static int on_number(void *ctx, const char *s, size_t n)
{
    struct walk *w = ctx;
    struct field *f = take(w);
    if (w->depth == 0)
        return refuse(w, "is not an object");
    if (!f)
        return 1;
    if (f->type != FIELD_COUNT || !parse_count(s, n, f->to))
        return refuse(w, "has a number that cannot be");
    f->seen = true;
    return 1;
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    struct walk *w = ctx;
    struct field *f = take(w);
    if (w->depth == 0)
        return refuse(w, "is not an object");
    if (!f)
        return 1;
    if (!set_string(w, f, (const char *)s, n))
        return refuse(w, "has a string that cannot be");
    f->seen = true;
    return 1;
}

static struct field *find(const struct walk *w, const char *name, size_t n)
{
    struct field *found = NULL;
    for (size_t i = 0; i < w->count; i++) {
        struct field *f = &w->fields[i];
        if (strlen(f->name) == n && memcmp(f->name, name, n) == 0)
            found = f;
    }
    return found;
}

static int on_key(void *ctx, const unsigned char *s, size_t n)
{
    struct walk *w = ctx;
    if (w->depth == 1)
        w->at = find(w, (const char *)s, n);
    return 1;
}

static int on_open(struct walk *w, bool object)
{
    if (w->depth == 0 && !object)
        return refuse(w, "is not an object");
    if (w->depth == 1) {
        if (w->at && w->at->type != FIELD_RAW)
            return refuse(w, "has a member of another type");
        w->start = yajl_get_bytes_consumed(w->yajl) - 1;
    }
    w->depth++;
    return 1;
}

static int on_close(struct walk *w)
{
    w->depth--;
    struct field *f = take(w);
    if (!f)
        return 1;
    *(struct slice *)f->to =
        (struct slice){w->text + w->start, yajl_get_bytes_consumed(w->yajl) - w->start};
    f->seen = true;
    return 1;
}

static int on_map(void *ctx)
{
    return on_open(ctx, true);
}

static int on_array(void *ctx)
{
    return on_open(ctx, false);
}

static int on_end(void *ctx)
{
    return on_close(ctx);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

/* ---- the quick way: a fifth of yajl's work for a journal's line; most texts here are such lines */

#define QUICK_MEMBERS 64
#define QUICK_NAMES                                                                                \
    ((size_t)4 << 10) /* names with escapes; there are none in what the spool writes */

static bool set_value(struct walk *w, const struct field *f, const struct member *m)
{
    switch (m->kind) {
    case JSON_STRING:
        return !memchr(m->value, '\\', m->value_len) &&
               set_string(w, f, m->value + 1, m->value_len - 2);
    case JSON_NUMBER:
        return f->type == FIELD_COUNT && parse_count(m->value, m->value_len, f->to);
    case JSON_OBJECT:
    case JSON_ARRAY:
        if (f->type != FIELD_RAW)
            return false;
        *(struct slice *)f->to = (struct slice){m->value, m->value_len};
        return true;
    case JSON_NULL:
    case JSON_BOOL:
        break;
    }
    return false;
}

static bool take_member(struct walk *w, const struct member *m)
{
    struct field *f = m->name ? find(w, m->name, m->name_len) : NULL;
    if (!f)
        return m->name != NULL;
    if (m->kind == JSON_NULL && f->optional) {
        set_absent(f);
        return true;
    }
    f->seen = set_value(w, f, m);
    return f->seen;
}

/* Returns false when the text is bad or the quick way is not sure. yajl then decides, and says what is wrong. */
static bool read_quickly(struct walk *w, size_t n)
{
    struct member members[QUICK_MEMBERS];
    struct buf names;
    buf_init(&names, QUICK_NAMES);
    struct record_scan r = {.members = members, .capacity = QUICK_MEMBERS, .names = &names};
    bool good = record_scan(&r, w->text, n);
    for (size_t i = 0; good && i < r.count; i++)
        good = take_member(w, &members[i]);
    buf_free(&names);
    return good;
}

static void set_all_absent(struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fields[i].seen = false;
        set_absent(&fields[i]);
    }
}

static enum err_code check_all_seen(const struct field *fields, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        if (!fields[i].seen && !fields[i].optional)
            return err_set(e, ERR_DAMAGED, "has no member \"%s\"", fields[i].name);
    return OK;
}

enum err_code fields_read(const char *text, size_t n, struct field *fields, size_t count,
                          struct err *e)
{
    struct walk w = {.fields = fields, .count = count, .text = text};
    set_all_absent(fields, count);
    if (read_quickly(&w, n))
        return check_all_seen(fields, count, e);
    set_all_absent(fields, count);
    w.no_memory = false;
    w.yajl = json_memory_yajl(&callbacks, &w);
    yajl_status status = yajl_parse(w.yajl, (const unsigned char *)text, n);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(w.yajl);
    yajl_free(w.yajl);
    if (w.no_memory)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (status != yajl_status_ok)
        return err_set(e, ERR_DAMAGED, "%s", w.why ? w.why : "is not JSON");
    return check_all_seen(fields, count, e);
}

enum err_code fields_read_head(const char *text, size_t n, struct field *fields, size_t count,
                               uint64_t format, struct err *e)
{
    const uint64_t *version = fields[0].to;
    enum err_code rc = fields_read(text, n, fields, 1, e);
    if (rc == OK && *version != format)
        return err_set(e, ERR_CONFIG,
                       "is of format %" PRIu64 ", this program knows %" PRIu64 "; use %s netty",
                       *version, format, *version > format ? "a newer" : "an older");
    return rc == OK ? fields_read(text, n, fields, count, e) : rc;
}

enum err_code fields_add_text(struct buf *b, const char *name, const char *text)
{
    enum err_code rc = buf_addf(b, ",\"%s\":", name);
    return rc == OK ? buf_add_json(b, text, strlen(text)) : rc;
}

enum err_code fields_add_time(struct buf *b, const char *name, int64_t t)
{
    char text[WHEN_TEXT];
    if (t == WHEN_NONE)
        return buf_addf(b, ",\"%s\":null", name);
    return buf_addf(b, ",\"%s\":\"%s\"", name, when_iso(t, text));
}
