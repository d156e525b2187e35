#include "load/row/row.h"
#include "load/row/json_number.h"
#include "load/row/member_set.h"
#include "load/row/row_shape.h"
#include "shared/json/json_forms.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELETED   "\"deleted\":false"
#define KEY_SHOWN 40 /* characters of a key in a message */

struct row_builder {
    struct row_conf conf;
    char *key;
    struct json_splitter *splitter;
    struct shapes *shapes;
    struct member_set *members; /* or NULL */
};

enum refusal {
    NOT_JSON,
    TOO_DEEP,
    KEY_MISSING,
    KEY_TYPE,
    KEY_RANGE,
    HAS_NUL,
    LONE_SURROGATE,
    NUMBER_RANGE,
    TOO_LONG
};
static const struct {
    const char *reason;
    const char *sqlstate;
} refusals[] = {
    [NOT_JSON] = {"not-json", "22P02"},        [TOO_DEEP] = {"too-deep", "54001"},
    [KEY_MISSING] = {"key-missing", "23502"},  [KEY_TYPE] = {"key-type", "22P02"},
    [KEY_RANGE] = {"key-range", "22003"},      [HAS_NUL] = {"nul", "22P05"},
    [LONE_SURROGATE] = {"surrogate", "22P02"}, [NUMBER_RANGE] = {"number-range", "22003"},
    [TOO_LONG] = {"too-long", "54000"},
};

/* A row that is being built: the record, the members that are taken out of it, and where its data goes. */
struct build {
    struct buf *data;
    const struct record *record;
    const struct shape *shape;
    struct row_refusal *refusal;
};

enum err_code row_builder_open(struct row_builder **w, const struct row_conf *conf, struct err *e)
{
    struct row_builder *new = calloc(1, sizeof(*new));
    enum err_code rc;

    *w = NULL;
    if (new == NULL || (new->key = strdup(conf->key)) == NULL) {
        rc = err_set(e, ERR_NOMEM, "no memory for splitting records");
        goto done;
    }
    new->conf = *conf;
    new->conf.key = new->key;
    if ((rc = json_splitter_open(&new->splitter, e)) != OK ||
        (rc = shapes_open(&new->shapes, new->key, e)) != OK)
        goto done;
    *w = new;
    new = NULL;
done:
    row_builder_close(new);
    return rc;
}

void row_builder_close(struct row_builder *w)
{
    if (w == NULL)
        return;
    json_splitter_close(w->splitter);
    shapes_close(w->shapes);
    free(w->key);
    free(w);
}

void row_builder_watch(struct row_builder *w, struct member_set *members)
{
    w->members = members;
}

/* Fills the refusal; returns false, as the steps do that refuse. */
static bool PRINTF_LIKE(3, 4)
    refuse(struct row_refusal *refusal, enum refusal why, const char *fmt, ...)
{
    va_list args;

    refusal->reason = refusals[why].reason;
    refusal->sqlstate = refusals[why].sqlstate;
    va_start(args, fmt);
    (void)vsnprintf(refusal->message, sizeof(refusal->message), fmt, args);
    va_end(args);
    return false;
}

void row_too_long(struct row_refusal *refusal, const char *message)
{
    (void)refuse(refusal, TOO_LONG, "%s", message);
}

static char *put(char *to, const char *p, size_t n)
{
    memcpy(to, p, n);
    return to + n;
}

/* Writes the record's text without the members that are taken out, in jsonb's order. The buffer has room. */
static void put_data(const struct build *b)
{
    char *start = b->data->data + b->data->len;
    char *to = start;

    *to++ = '{';
    for (size_t i = 0; i < b->shape->count; i++) {
        const struct shape_piece *piece = &b->shape->pieces[i];
        if (i > 0)
            *to++ = ',';
        if (piece->first == SHAPE_DELETED) {
            to = put(to, DELETED, strlen(DELETED));
            continue;
        }
        const char *from = b->record->members[piece->first].raw_name;
        const struct member *last = &b->record->members[piece->last];
        if (piece->first == b->shape->deleted) {
            to = put(to, from, (size_t)(last->value - from));
            to = json_is_true(last) ? put(to, "true", 4) : put(to, "false", 5);
            continue;
        }
        to = put(to, from, (size_t)(last->value + last->value_len - from));
    }
    *to++ = '}';
    buf_grown(b->data, (size_t)(to - start));
}

static const struct member *taken(const struct build *b, size_t at)
{
    return at == SHAPE_NONE ? NULL : &b->record->members[at];
}

static const char *kind_name(const struct member *m)
{
    switch (m->kind) {
    case JSON_STRING:
        return m->value_len == 2 ? "an empty string" : "a string";
    case JSON_BOOL:
        return "true or false";
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_NULL:
        return "null";
    case JSON_NUMBER:
        break;
    }
    return "a number";
}

static bool take_key(const struct row_builder *w, const struct build *b, struct row *row)
{
    const struct member *m = taken(b, b->shape->key);
    enum json_number_integer form;
    const char *text;
    size_t n;

    if (m == NULL || m->kind == JSON_NULL)
        return refuse(b->refusal, KEY_MISSING, "the key %s is %s", w->key,
                      m == NULL ? "missing" : "null");
    if (!json_number_text(m, &text, &n))
        return refuse(b->refusal, KEY_TYPE, "the key %s is %s instead of an integer", w->key,
                      kind_name(m));
    form = json_number_to_int64(text, n, &row->key);
    if (form == JSON_NUMBER_FRACTION)
        return refuse(b->refusal, KEY_TYPE, "the key %s is a fraction instead of an integer",
                      w->key);
    if (form == JSON_NUMBER_BEYOND || row->key < w->conf.key_min || row->key > w->conf.key_max)
        return refuse(b->refusal, KEY_RANGE, "the key %s is %.*s%s, beyond its column's type",
                      w->key, n > KEY_SHOWN ? KEY_SHOWN : (int)n, text, n > KEY_SHOWN ? "..." : "");
    return true;
}

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Removes the quotes of a JSON string, and undoes the escapes that a time may have (\/, \u002B). Returns the length, or 0 if the text cannot be
 * a time. */
static size_t unescape(const char *s, size_t n, char out[WHEN_TEXT])
{
    size_t len = 0;

    for (size_t i = 1; i + 1 < n; i++) {
        char c = s[i];
        if (c == '\\' && s[i + 1] == 'u') {
            if (s[i + 2] != '0' || s[i + 3] != '0' || hex_digit(s[i + 4]) > 7)
                return 0;
            c = (char)(hex_digit(s[i + 4]) * 16 + hex_digit(s[i + 5]));
            i += 5;
        } else if (c == '\\') {
            c = s[++i];
            if (isalpha((unsigned char)c)) /* \n and its like */
                return 0;
        }
        if (len == WHEN_TEXT)
            return 0;
        out[len++] = c;
    }
    return len;
}

/* Reads a time. Returns false if there is one in an unknown form, which counts as none. */
static bool take_time(const struct row_builder *w, const struct member *m, int64_t *t)
{
    char plain[WHEN_TEXT];
    enum err_code rc = ERR_DATA;

    *t = WHEN_NONE;
    if (m == NULL || m->kind == JSON_NULL)
        return true;
    if (m->kind == JSON_STRING && memchr(m->value, '\\', m->value_len) != NULL)
        rc = when_parse(plain, unescape(m->value, m->value_len, plain), w->conf.zone, t);
    else if (m->kind == JSON_STRING)
        rc = when_parse(m->value + 1, m->value_len - 2, w->conf.zone, t);
    if (rc != OK)
        *t = WHEN_NONE;
    return rc == OK;
}

static void take_times(const struct row_builder *w, const struct build *b, struct row *row)
{
    if (!take_time(w, taken(b, b->shape->created), &row->time_created))
        row->odd_times |= ROW_ODD_CREATED;
    if (!take_time(w, taken(b, b->shape->modified), &row->time_modified))
        row->odd_times |= ROW_ODD_MODIFIED;
}

/* Replaces every escaped NUL by an escaped U+FFFD, as long; returns how many there were. In JSON a
 * backslash stands in strings only, and always before what it escapes. */
static size_t replace_nul(char *s, size_t n)
{
    const char *end = s + n;
    size_t found = 0;

    while ((s = memchr(s, '\\', (size_t)(end - s))) != NULL) {
        if (end - s >= 6 && memcmp(s, "\\u0000", 6) == 0) {
            memcpy(s, "\\uFFFD", 6);
            found++;
        }
        s += 2;
    }
    return found;
}

/* Whether all numbers of this JSON text fit PostgreSQL's numeric. */
static bool numbers_fit(const char *s, size_t n)
{
    const char *end = s + n;

    while (s < end) {
        if (*s == '"') {
            for (s++; *s != '"'; s++)
                s += *s == '\\';
            s++;
        } else if (*s == '-' || isdigit((unsigned char)*s)) {
            size_t len = strspn(s, "-+.eE0123456789");
            if (!json_number_fits_numeric(s, len))
                return false;
            s += len;
        } else {
            s++;
        }
    }
    return true;
}

/* What jsonb refuses although it is JSON. The flags speak of the whole record, the refusal of its
 * data. */
static bool check_jsonb(const struct row_builder *w, const struct record *r, const struct build *b,
                        size_t start)
{
    char *s = b->data->data + start;
    size_t n = b->data->len - start;

    if ((r->flags & RECORD_LONE_SURROGATE) != 0)
        return refuse(b->refusal, LONE_SURROGATE,
                      "a string has half of a surrogate pair (\\uD800 to \\uDFFF)");
    if ((r->flags & RECORD_HAS_NUL) != 0 && replace_nul(s, n) > 0 && !w->conf.replace_nul)
        return refuse(b->refusal, HAS_NUL,
                      "a string has \\u0000, which jsonb cannot hold (--on-nul replace puts "
                      "U+FFFD instead)");
    if ((r->flags & RECORD_WIDE_NUMBER) != 0 && !numbers_fit(s, n))
        return refuse(b->refusal, NUMBER_RANGE,
                      "a number has more than 131072 digits before or 16383 after the point");
    return true;
}

/* Splits the line; a line that is no record is a refusal, not an error. */
static enum err_code split(struct row_builder *w, const char *line, size_t n, struct record *r,
                           bool *refused, struct row_refusal *refusal, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = json_splitter_run(w->splitter, line, n, r, &why);

    *refused = rc == ERR_DATA || rc == ERR_TOO_BIG;
    if (*refused)
        (void)refuse(refusal, rc == ERR_DATA ? NOT_JSON : TOO_DEEP, "%.200s", why.msg);
    else if (rc != OK)
        return err_set(e, rc, "%s", why.msg);
    return OK;
}

enum err_code row_build(struct row_builder *w, const char *line, size_t n, struct buf *data,
                        struct row *row, bool *refused, struct row_refusal *refusal, struct err *e)
{
    struct record r;
    struct build b = {.data = data, .record = &r, .refusal = refusal};
    size_t start = data->len;
    enum err_code rc;

    if ((rc = split(w, line, n, &r, refused, refusal, e)) != OK || *refused)
        return rc;
    if ((rc = shapes_of(w->shapes, &r, &b.shape, e)) != OK)
        return rc;
    if ((rc = buf_reserve(data, r.len + strlen(DELETED) + strlen("false"))) != OK)
        return buf_err(e, rc, data, "a row's data");
    put_data(&b);
    *row = (struct row){.shape = b.shape->id, .data_len = data->len - start};
    take_times(w, &b, row);
    *refused = !take_key(w, &b, row) || !check_jsonb(w, &r, &b, start);
    if (*refused)
        buf_truncate(data, start);
    else if (w->members != NULL)
        member_set_look(w->members, &r, b.shape);
    return OK;
}

enum err_code row_names(const struct row_builder *w, const uint64_t *shapes, size_t n,
                        struct buf *out)
{
    return shapes_common(w->shapes, shapes, n, out);
}
