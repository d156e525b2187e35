#include "spool/control/unreadable.h"

#include "shared/base/buf.h"
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT    1
#define TEXT_MAX  ((size_t)8 << 20)
#define NUMBER    24
#define WITHIN    2      /* of `aside` */
#define COUNT_MAX 100000 /* records of a place */
#define ALL_TWINS 1      /* of `twin`; a greater number is one more than so many */

struct reading {
    unreadable_fn *each;
    void *ctx;
};

/* ---- reading ---- */

static enum err_code read_head(const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    struct field fields[] = {{.name = "netty_unreadable", .type = FIELD_COUNT, .to = &version}};
    return fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
}

/* Keys can be negative, so they are written as text. */
static void read_key(const char *text, bool *keyed, int64_t *key)
{
    *keyed = text[0] != '\0';
    *key = *keyed ? strtoll(text, NULL, 10) : 0;
}

struct numbers {
    uint64_t count, sort, tries, aside, twin, doubt, before, after;
    char key[NUMBER], before_key[NUMBER], after_key[NUMBER];
};

static void take_numbers(struct place *p, const struct numbers *n)
{
    p->count = (unsigned)(n->count < 1 ? 1 : n->count > COUNT_MAX ? COUNT_MAX : n->count);
    p->sort = (unsigned)(n->sort > 2 ? 0 : n->sort);
    p->tries = (unsigned)(n->tries > 1000 ? 1000 : n->tries);
    p->aside = n->aside > 0;
    p->within = n->aside == WITHIN;
    p->doubtful = n->doubt > 0;
    p->twins = n->twin == ALL_TWINS      ? p->count
               : n->twin == 0            ? 0
               : n->twin - 1 >= p->count ? p->count
                                         : (unsigned)(n->twin - 1);
    p->before.there = n->before > 0;
    p->after.there = n->after > 0;
    read_key(n->key, &p->keyed, &p->key);
    read_key(n->before_key, &p->before.keyed, &p->before.key);
    read_key(n->after_key, &p->after.keyed, &p->after.key);
}

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    const struct reading *r = ctx;
    struct place p = {0};
    struct numbers x = {0};
    if (number == 0)
        return read_head(line, n, e);
    if (number > PLACES_MAX)
        return err_set(e, ERR_DAMAGED, "has more places than can be");
    struct field fields[] = {
        {.name = "place", .type = FIELD_COUNT, .to = &x.count},
        {.name = "key", .type = FIELD_TEXT, .to = x.key, .room = NUMBER},
        {.name = "list", .type = FIELD_COUNT, .to = &x.sort},
        {.name = "from", .type = FIELD_TEXT, .to = p.from, .room = sizeof p.from},
        {.name = "equal", .type = FIELD_TEXT, .to = p.equal, .room = sizeof p.equal},
        {.name = "offset", .type = FIELD_COUNT, .to = &p.offset},
        {.name = "ordinal", .type = FIELD_COUNT, .to = &p.ordinal},
        {.name = "before", .type = FIELD_COUNT, .to = &x.before},
        {.name = "before_id", .type = FIELD_HASH, .to = &p.before.id},
        {.name = "before_key", .type = FIELD_TEXT, .to = x.before_key, .room = NUMBER},
        {.name = "before_time", .type = FIELD_TEXT, .to = p.before.time, .room = PLACE_TEXT},
        {.name = "after", .type = FIELD_COUNT, .to = &x.after},
        {.name = "after_id", .type = FIELD_HASH, .to = &p.after.id},
        {.name = "after_key", .type = FIELD_TEXT, .to = x.after_key, .room = NUMBER},
        {.name = "after_time", .type = FIELD_TEXT, .to = p.after.time, .room = PLACE_TEXT},
        {.name = "since", .type = FIELD_TIME, .to = &p.since},
        {.name = "tried", .type = FIELD_TIME, .to = &p.tried},
        {.name = "tries", .type = FIELD_COUNT, .to = &x.tries},
        {.name = "due", .type = FIELD_TIME, .to = &p.due},
        {.name = "aside", .type = FIELD_COUNT, .to = &x.aside},
        {.name = "twin", .type = FIELD_COUNT, .to = &x.twin},
        {.name = "doubt", .type = FIELD_COUNT, .to = &x.doubt, .optional = true},
        {.name = "said", .type = FIELD_TEXT, .to = p.said, .room = sizeof p.said},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    if (rc != OK)
        return rc;
    take_numbers(&p, &x);
    return r->each(r->ctx, &p, e);
}

enum err_code unreadable_read(const struct spool *s, const char *table, unreadable_fn *each,
                              void *ctx, struct err *e)
{
    char dir[IO_PATH];
    struct err why = ERR_INIT;
    struct reading r = {each, ctx};
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK)
        return rc;
    rc = small_file_read(dir, UNREADABLE_FILE, on_line, &r, &why);
    if (rc == OK || why.sys == ENOENT)
        return OK;
    if (e != NULL)
        *e = why;
    return rc;
}

/* ---- writing ---- */

static void key_text(bool keyed, int64_t key, char out[NUMBER])
{
    out[0] = '\0';
    if (keyed)
        (void)snprintf(out, NUMBER, "%" PRId64, key);
}

static enum err_code add_side(struct buf *b, const char *name, const struct place_side *side)
{
    char id[48];
    char key[NUMBER];
    key_text(side->keyed, side->key, key);
    (void)snprintf(id, sizeof id, "%016" PRIx64, side->id);
    enum err_code rc =
        buf_addf(b, ",\"%s\":%d,\"%s_id\":\"%s\",\"%s_key\":\"%s\",\"%s_time\":", name,
                 side->there ? 1 : 0, name, id, name, key, name);
    return rc == OK ? buf_add_json(b, side->time, strlen(side->time)) : rc;
}

static unsigned twin_number(const struct place *p)
{
    if (p->twins == 0)
        return 0;
    return p->twins >= p->count ? ALL_TWINS : p->twins + 1;
}

static enum err_code add_place(struct buf *b, const struct place *p)
{
    char since[WHEN_TEXT];
    char tried[WHEN_TEXT];
    char due[WHEN_TEXT];
    char key[NUMBER];
    size_t start = b->len;
    enum err_code rc;
    key_text(p->keyed, p->key, key);
    if ((rc = buf_addf(b, "{\"place\":%u,\"key\":\"%s\",\"list\":%u", p->count, key, p->sort)) !=
            OK ||
        (rc = fields_add_text(b, "from", p->from)) != OK ||
        (rc = fields_add_text(b, "equal", p->equal)) != OK ||
        (rc = buf_addf(b, ",\"offset\":%" PRIu64 ",\"ordinal\":%" PRIu64, p->offset, p->ordinal)) !=
            OK ||
        (rc = add_side(b, "before", &p->before)) != OK ||
        (rc = add_side(b, "after", &p->after)) != OK ||
        (rc = buf_addf(
             b,
             ",\"since\":\"%s\",\"tried\":\"%s\",\"tries\":%u,\"due\":\"%s\",\"aside\":%d,"
             "\"twin\":%u",
             when_iso(p->since, since), when_iso(p->tried, tried), p->tries, when_iso(p->due, due),
             p->within  ? WITHIN
             : p->aside ? 1
                        : 0,
             twin_number(p))) != OK ||
        (p->doubtful && (rc = buf_adds(b, ",\"doubt\":1")) != OK) ||
        (rc = fields_add_text(b, "said", p->said)) != OK)
        return rc;
    return checksum_line_end(b, start);
}

enum err_code unreadable_write(const struct spool *s, const char *table, const struct place *at,
                               size_t n, struct err *e)
{
    char dir[IO_PATH];
    struct buf text;
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK)
        return rc;
    buf_init(&text, TEXT_MAX);
    if ((rc = buf_addf(&text, "{\"netty_unreadable\":%d", FORMAT)) == OK)
        rc = checksum_line_end(&text, 0);
    for (size_t i = 0; i < n && rc == OK; i++)
        rc = add_place(&text, &at[i]);
    if (rc != OK)
        (void)buf_err(e, rc, &text, UNREADABLE_FILE);
    else
        rc = io_replace(dir, UNREADABLE_FILE, text.data, text.len, e);
    buf_free(&text);
    FAULT("unreadable-written");
    return rc;
}

/* ---- counting ---- */

static enum err_code count_one(void *ctx, const struct place *p, struct err *e)
{
    struct unreadable_count *count = ctx;
    (void)e;
    if (place_lacks(p) == 0)
        return OK;
    count->records += place_lacks(p);
    if (count->since == WHEN_NONE || p->since < count->since)
        count->since = p->since;
    return OK;
}

enum err_code unreadable_count(const struct spool *s, const char *table,
                               struct unreadable_count *count, struct err *e)
{
    *count = (struct unreadable_count){.since = WHEN_NONE};
    struct err why = ERR_INIT;
    enum err_code rc = unreadable_read(s, table, count_one, count, &why);
    if (rc == ERR_DAMAGED) /* netty-extract tells of it, in each run */
        return OK;
    if (rc != OK && e != NULL)
        *e = why;
    return rc;
}
