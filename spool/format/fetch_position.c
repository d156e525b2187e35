#include "spool/format/fetch_position.h"

#include "shared/time/when.h"
#include "spool/format/json_fields.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Within a string a quote is escaped, so that this stands at a member's beginning only. */
static const char progress[] = ",\"progress\":{";
static const char backfill[] = "\"backfill\":{";

bool fetch_position_has_backfill(const char *text)
{
    const char *at = strstr(text, progress);
    return at != NULL && strstr(at, backfill) != NULL;
}

static enum err_code read_backfill(struct fetch_position *p, const struct slice *text,
                                   struct err *e)
{
    struct backfill_state *s = &p->state;
    struct slice own = {0};
    struct field fields[] = {
        {.name = "began", .type = FIELD_TIME, .to = &s->began},
        {.name = "since", .type = FIELD_TIME, .to = &s->since, .optional = true},
        {.name = "runs", .type = FIELD_COUNT, .to = &s->runs},
        {.name = "requests", .type = FIELD_COUNT, .to = &s->requests},
        {.name = "pages", .type = FIELD_COUNT, .to = &s->pages},
        {.name = "bytes", .type = FIELD_COUNT, .to = &s->bytes},
        {.name = "records", .type = FIELD_COUNT, .to = &s->records},
        {.name = "of", .type = FIELD_COUNT, .to = &s->of},
        {.name = "position", .type = FIELD_RAW, .to = &own, .optional = true},
    };
    enum err_code rc = fields_read(text->p, text->n, fields, FIELDS(fields), e);
    if (rc != OK)
        return rc;
    if (own.n > PAGE_POSITION_MAX)
        return err_set(e, ERR_DAMAGED, "has a position that cannot be");
    p->backfill = true;
    p->has_own = own.n > 0;
    if (own.n > 0)
        memcpy(p->own, own.p, own.n);
    p->own[own.n] = '\0';
    return OK;
}

static enum err_code read_progress(struct fetch_position *p, const char *text, size_t n,
                                   struct err *e)
{
    struct slice under_way = {0};
    struct field fields[] = {
        {.name = "records", .type = FIELD_COUNT, .to = &p->records},
        {.name = "complete_to", .type = FIELD_TIME, .to = &p->proven, .optional = true},
        {.name = "backfill", .type = FIELD_RAW, .to = &under_way, .optional = true},
    };
    enum err_code rc = fields_read(text, n, fields, FIELDS(fields), e);
    if (rc == OK && under_way.n > 0)
        rc = read_backfill(p, &under_way, e);
    if (rc != OK)
        (void)err_prefix(e, "the backfill's position in the spool cannot be read");
    return rc;
}

enum err_code fetch_position_read(struct fetch_position *p, const char *text, struct err *e)
{
    size_t n = text != NULL ? strlen(text) : 0;
    p->records = 0;
    p->proven = WHEN_NONE;
    p->backfill = p->has_own = false;
    p->state = (struct backfill_state){.began = WHEN_NONE, .since = WHEN_NONE};
    p->regular[0] = p->own[0] = '\0';
    if (n == 0)
        return OK;
    if (n > PAGE_POSITION_MAX)
        return err_set(e, ERR_DAMAGED, "a position of %zu bytes", n);
    const char *at = strstr(text, progress);
    if (at == NULL) {
        memcpy(p->regular, text, n + 1);
        return OK;
    }
    memcpy(p->regular, text, (size_t)(at - text));
    memcpy(p->regular + (at - text), "}", 2);
    const char *object = at + sizeof progress - 2;
    return read_progress(p, object, n - (size_t)(object - text) - 1, e);
}

enum err_code fetch_position_state(const char *text, struct backfill_state *s, bool *there,
                                   struct err *e)
{
    *there = false;
    if (!fetch_position_has_backfill(text))
        return OK;
    struct fetch_position *p = malloc(sizeof *p);
    if (p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a position");
    enum err_code rc = fetch_position_read(p, text, e);
    *there = rc == OK && p->backfill;
    *s = p->state;
    free(p);
    return rc;
}

static enum err_code add_backfill(struct buf *b, const struct fetch_position *p, const char *own)
{
    char began[WHEN_TEXT];
    char since[WHEN_TEXT];
    const struct backfill_state *s = &p->state;
    bool all = s->since == WHEN_NONE;
    enum err_code rc =
        buf_addf(b, ",\"backfill\":{\"began\":\"%s\",\"since\":%s%s%s", when_iso(s->began, began),
                 all ? "" : "\"", all ? "null" : when_iso(s->since, since), all ? "" : "\"");
    if (rc == OK)
        rc = buf_addf(b,
                      ",\"runs\":%" PRIu64 ",\"requests\":%" PRIu64 ",\"pages\":%" PRIu64
                      ",\"bytes\":%" PRIu64 ",\"records\":%" PRIu64 ",\"of\":%" PRIu64,
                      s->runs, s->requests, s->pages, s->bytes, s->records, s->of);
    if (rc == OK && p->has_own)
        rc = buf_addf(b, ",\"position\":%s", own);
    return rc == OK ? buf_addc(b, '}') : rc;
}

enum err_code fetch_position_add(struct buf *text, const struct fetch_position *p, const char *own,
                                 struct err *e)
{
    enum err_code rc;
    char proven[WHEN_TEXT];
    if (!p->backfill && p->records == 0 && p->proven == WHEN_NONE)
        return OK;
    if (text->len == 0 || text->data[text->len - 1] != '}')
        return err_set(e, ERR_INTERNAL, "a position that is no object");
    buf_truncate(text, text->len - 1);
    if ((rc = buf_addf(text, "%s\"records\":%" PRIu64, progress, p->records)) != OK ||
        (p->proven != WHEN_NONE &&
         (rc = buf_addf(text, ",\"complete_to\":\"%s\"", when_iso(p->proven, proven))) != OK) ||
        (p->backfill && (rc = add_backfill(text, p, own)) != OK) ||
        (rc = buf_adds(text, "}}")) != OK)
        return buf_err(e, rc, text, "a position");
    return OK;
}
