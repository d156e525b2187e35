/*
 * yajl checks the grammar; this file only notes where the outermost names and values begin and end.
 * Within a callback yajl_get_bytes_consumed is just behind the token: behind the closing quote, the last
 * digit, the bracket. The token's beginning follows from the end of the token before it, because only
 * blanks and one `,` or `:` can lie between.
 *
 * One yajl handle serves many texts (yajl_allow_multiple_values), as long as each text ends where it
 * should. After a failure the handle's state is unknown, and the next text gets a new handle.
 */
#include "shared/json/json_record.h"
#include "shared/base/buf.h"
#include "shared/json/json_memory.h"
#include "shared/json/json_record_scan.h"
#include "shared/json/json_strict.h"
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define NAMES_MAX ((size_t)256 << 20)
#define KEEP_MAX                                                                                   \
    ((size_t)1 << 20) /* yajl keeps memory of the size of a long text: not beyond this */

struct json_splitter {
    yajl_handle yajl;
    const char *text;
    size_t len;
    size_t at; /* behind the last outermost token seen */
    unsigned depth;
    bool complete;
    bool wide;         /* RECORD_WIDE_NUMBER */
    enum err_code why; /* a callback stopped the parse: for this reason */
    struct member *members;
    size_t count;
    size_t capacity;
    struct buf names; /* decoded names, one behind the other */
};

static bool stop(struct json_splitter *s, enum err_code why)
{
    s->why = why;
    return false;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void pass_separators(struct json_splitter *s)
{
    while (blank(s->text[s->at]) || s->text[s->at] == ',' || s->text[s->at] == ':')
        s->at++;
}

/* Makes room for twice as many members. */
static bool grow(struct json_splitter *s)
{
    size_t capacity = s->capacity == 0 ? 64 : s->capacity * 2;
    if (capacity > RECORD_MEMBERS)
        return stop(s, ERR_TOO_BIG);
    struct member *members = realloc(s->members, capacity * sizeof(*members));
    if (members == NULL)
        return stop(s, ERR_NOMEM);
    s->members = members;
    s->capacity = capacity;
    return true;
}

static bool add_member(struct json_splitter *s)
{
    if (s->count == s->capacity && !grow(s))
        return false;
    s->members[s->count++] = (struct member){0};
    return true;
}

static bool decode_name(struct json_splitter *s, struct member *m)
{
    enum err_code rc = buf_reserve(&s->names, m->raw_name_len);
    if (rc != OK)
        return stop(s, rc);
    m->name = NULL; /* resolved when all names have their final place */
    m->name_len = json_unescape(m->raw_name + 1, m->raw_name_len - 2, s->names.data + s->names.len);
    buf_grown(&s->names, m->name_len);
    return true;
}

static int on_key(void *ctx, const unsigned char *key, size_t key_len)
{
    struct json_splitter *s = ctx;
    (void)key;
    if (s->depth != 1)
        return true;
    if (!add_member(s))
        return false;
    struct member *m = &s->members[s->count - 1];
    pass_separators(s);
    m->raw_name = s->text + s->at;
    s->at = yajl_get_bytes_consumed(s->yajl);
    m->raw_name_len = (size_t)(s->text + s->at - m->raw_name);
    m->name = m->raw_name + 1;
    m->name_len = m->raw_name_len - 2;
    return key_len == m->name_len ||
           decode_name(s, m); /* any escape is longer than what it stands for */
}

static void begin_value(struct json_splitter *s, enum json_kind kind)
{
    struct member *m = &s->members[s->count - 1];
    pass_separators(s);
    m->value = s->text + s->at;
    m->kind = kind;
}

static void end_value(struct json_splitter *s)
{
    struct member *m = &s->members[s->count - 1];
    s->at = yajl_get_bytes_consumed(s->yajl);
    m->value_len = (size_t)(s->text + s->at - m->value);
}

static int scalar(struct json_splitter *s, enum json_kind kind)
{
    if (s->depth == 1) {
        begin_value(s, kind);
        end_value(s);
    }
    return true;
}

static int open_nested(struct json_splitter *s, enum json_kind kind)
{
    if (s->depth == RECORD_DEPTH)
        return stop(s, ERR_TOO_BIG);
    if (s->depth == 0)
        s->at = yajl_get_bytes_consumed(s->yajl);
    if (s->depth == 1)
        begin_value(s, kind);
    s->depth++;
    return true;
}

static int close_nested(struct json_splitter *s)
{
    s->depth--;
    if (s->depth == 1)
        end_value(s);
    if (s->depth == 0) {
        s->complete = yajl_get_bytes_consumed(s->yajl) == s->len;
        return s->complete || stop(s, ERR_DATA);
    }
    return true;
}

static int on_null(void *ctx)
{
    return scalar(ctx, JSON_NULL);
}

static int on_boolean(void *ctx, int value)
{
    (void)value;
    return scalar(ctx, JSON_BOOL);
}

static int on_number(void *ctx, const char *p, size_t n)
{
    struct json_splitter *s = ctx;
    const char *digits = memchr(p, 'e', n);
    if (digits == NULL)
        digits = memchr(p, 'E', n);
    if (digits != NULL)
        digits += digits[1] == '+' || digits[1] == '-' ? 2 : 1;
    s->wide |= n > RECORD_NUMBER || (digits != NULL && p + n - digits > 3);
    return scalar(s, JSON_NUMBER);
}

static int on_string(void *ctx, const unsigned char *p, size_t n)
{
    (void)p;
    (void)n;
    return scalar(ctx, JSON_STRING);
}

static int on_start_map(void *ctx)
{
    return open_nested(ctx, JSON_OBJECT);
}

static int on_start_array(void *ctx)
{
    return open_nested(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
    return close_nested(ctx);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

static void drop_yajl(struct json_splitter *s)
{
    if (s->yajl != NULL)
        yajl_free(s->yajl);
    s->yajl = NULL;
}

static enum err_code need_yajl(struct json_splitter *s, struct err *e)
{
    if (s->yajl != NULL)
        return OK;
    s->yajl = json_memory_yajl(&callbacks, s);
    if (!yajl_config(s->yajl, yajl_allow_multiple_values, 1) ||
        !yajl_config(s->yajl, yajl_dont_validate_strings, 1)) /* json_strict_check does, strictly */
        return err_set(e, ERR_NOMEM, "out of memory for a JSON parser");
    return OK;
}

enum err_code json_splitter_open(struct json_splitter **out, struct err *e)
{
    *out = NULL;
    struct json_splitter *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a JSON parser");
    buf_init(&s->names, NAMES_MAX);
    enum err_code rc = need_yajl(s, e);
    if (rc == OK && !grow(s))
        rc = err_set(e, ERR_NOMEM, "out of memory for a JSON parser");
    if (rc != OK) {
        json_splitter_close(s);
        return rc;
    }
    *out = s;
    return OK;
}

void json_splitter_close(struct json_splitter *s)
{
    if (s == NULL)
        return;
    drop_yajl(s);
    buf_free(&s->names);
    free(s->members);
    free(s);
}

static enum err_code bad(struct err *e, size_t at, const char *reason)
{
    return err_set(e, ERR_DATA, "not one JSON object: %s near byte %zu", reason, at);
}

/* Says why yajl stopped, in words of yajl that never quote the text. */
static enum err_code bad_grammar(struct json_splitter *s, size_t before, struct err *e)
{
    unsigned char *words = yajl_get_error(s->yajl, 0, NULL, 0);
    if (words == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a JSON parser");
    words[strcspn((char *)words, ".\n")] = '\0';
    enum err_code rc = bad(e, before + yajl_get_bytes_consumed(s->yajl), (char *)words);
    yajl_free_error(s->yajl, words);
    return rc;
}

static enum err_code stopped(struct json_splitter *s, size_t before, struct err *e)
{
    size_t at = before + yajl_get_bytes_consumed(s->yajl);
    if (s->why == ERR_NOMEM)
        return err_set(e, ERR_NOMEM, "out of memory for a JSON record");
    if (s->why == ERR_DATA)
        return bad(e, at, "something follows it");
    if (s->depth == RECORD_DEPTH)
        return err_set(e, ERR_TOO_BIG,
                       "a JSON record is nested deeper than %d levels near byte %zu", RECORD_DEPTH,
                       at);
    return err_set(e, ERR_TOO_BIG, "a JSON record has more than %d members near byte %zu",
                   RECORD_MEMBERS, at);
}

/* Parses s->text, which has no blanks around it. before: how many bytes of blanks came first, for messages. */
static enum err_code parse(struct json_splitter *s, size_t before, struct err *e)
{
    enum err_code rc = need_yajl(s, e);
    if (rc != OK)
        return rc;
    switch (yajl_parse(s->yajl, (const unsigned char *)s->text, s->len)) {
    case yajl_status_ok:
        rc = s->complete ? OK : bad(e, before + s->len, "the end is missing");
        break;
    case yajl_status_client_canceled:
        rc = stopped(s, before, e);
        break;
    default:
        rc = bad_grammar(s, before, e);
        break;
    }
    if (rc != OK || s->len > KEEP_MAX)
        drop_yajl(s);
    return rc;
}

static void resolve_names(struct json_splitter *s)
{
    const char *name = s->names.data;
    for (size_t i = 0; s->names.len > 0 && i < s->count; i++) {
        if (s->members[i].name == NULL) {
            s->members[i].name = name;
            name += s->members[i].name_len;
        }
    }
}

static bool same_name(const struct member *a, const char *name, size_t n)
{
    return a->name_len == n && memcmp(a->name, name, n) == 0;
}

/* The quick way, for what is certainly a record. */
static bool scan(struct json_splitter *s, struct record *r)
{
    struct record_scan out = {.members = s->members, .capacity = s->capacity, .names = &s->names};

    buf_reset(&s->names);
    if (!record_scan(&out, s->text, s->len))
        return false;
    s->count = out.count;
    resolve_names(s);
    *r = (struct record){s->members, s->count, s->text, s->len, out.flags};
    return true;
}

/* Without the blanks around it. */
static enum err_code trim(struct json_splitter *s, const char *text, size_t n, size_t *before,
                          struct err *e)
{
    *before = 0;
    while (*before < n && blank(text[*before]))
        ++*before;
    while (n > *before && blank(text[n - 1]))
        n--;
    if (*before == n)
        return bad(e, *before, "nothing but blanks");
    if (text[*before] != '{')
        return bad(e, *before, "it does not begin with {");
    s->text = text + *before;
    s->len = n - *before;
    return OK;
}

/* The general way. */
static enum err_code take_apart(struct json_splitter *s, size_t before, struct record *r,
                                struct err *e)
{
    uint32_t flags = 0;
    size_t at = 0;

    s->at = 0;
    s->depth = 0;
    s->complete = false;
    s->wide = false;
    s->count = 0;
    buf_reset(&s->names);
    const char *reason = json_strict_check(s->text, s->len, &flags, &at);
    if (reason != NULL)
        return bad(e, before + at, reason);
    enum err_code rc = parse(s, before, e);
    if (rc != OK)
        return rc;
    resolve_names(s);
    if (s->wide)
        flags |= RECORD_WIDE_NUMBER;
    *r = (struct record){s->members, s->count, s->text, s->len, flags};
    return OK;
}

enum err_code json_splitter_run(struct json_splitter *s, const char *text, size_t n,
                                struct record *r, struct err *e)
{
    size_t before;

    *r = (struct record){0};
    enum err_code rc = trim(s, text, n, &before, e);
    return rc != OK || scan(s, r) ? rc : take_apart(s, before, r, e);
}

enum err_code json_splitter_run_general(struct json_splitter *s, const char *text, size_t n,
                                        struct record *r, struct err *e)
{
    size_t before;

    *r = (struct record){0};
    enum err_code rc = trim(s, text, n, &before, e);
    return rc != OK ? rc : take_apart(s, before, r, e);
}

const struct member *record_find(const struct record *r, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = r->count; i > 0; i--)
        if (same_name(&r->members[i - 1], name, n))
            return &r->members[i - 1];
    return NULL;
}
