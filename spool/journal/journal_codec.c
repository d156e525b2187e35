/* The journal's lines: variables into text and back. Reading the file is journal.c's part. */
#include "spool/journal/journal_codec.h"

#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

/* Returns a page's chain: the hash of the chain before it and of the hash of text[0..n), which is the beginning of the page's
 * line. */
static uint64_t chain_of(uint64_t before, const char *text, size_t n)
{
    char both[33];
    (void)snprintf(both, sizeof both, "%016" PRIx64 "%016" PRIx64, before,
                   (uint64_t)XXH3_64bits(text, n));
    return XXH3_64bits(both, sizeof both - 1);
}

static enum err_code add_position(struct buf *b, const char *position)
{
    enum err_code rc = buf_adds(b, ",\"position\":");
    return rc == OK ? buf_adds(b, position && *position ? position : "null") : rc;
}

enum err_code journal_add_header(struct buf *b, const struct journal_header *h,
                                 const char *position)
{
    size_t start = b->len;
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"netty_journal\":%d,\"table\":\"%s\",\"segment\":%" PRIu64,
                       JOURNAL_FORMAT, h->table, h->segment)) != OK ||
        (rc = fields_add_time(b, "created", h->created)) != OK ||
        (rc = buf_addf(b,
                       ",\"previous\":{\"segment\":%" PRIu64 ",\"pages\":%" PRIu64
                       ",\"chain\":\"%016" PRIx64 "\"}",
                       h->previous.segment, h->previous.page, h->chain)) != OK ||
        (rc = add_position(b, position)) != OK)
        return rc;
    return checksum_line_end(b, start);
}

enum err_code journal_add_page(struct buf *b, struct page_info *p, const char *position)
{
    size_t start = b->len;
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"page\":%" PRIu64, p->place.page)) != OK ||
        (rc = fields_add_time(b, "fetched", p->fetched)) != OK ||
        (rc = buf_addf(b,
                       ",\"offset\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"line\":%" PRIu64
                       ",\"records\":%" PRIu64 ",\"hash\":\"%016" PRIx64 "\",\"durable\":%" PRIu64,
                       p->offset, p->bytes, p->first_line, p->records, p->hash, p->durable)) !=
            OK ||
        (rc = fields_add_text(b, "low", p->low)) != OK ||
        (rc = fields_add_text(b, "high", p->high)) != OK ||
        (rc = fields_add_time(b, "complete_to", p->complete_to)) != OK)
        return rc;
    p->chain = chain_of(p->chain, b->data + start, b->len - start);
    if ((rc = buf_addf(b, ",\"chain\":\"%016" PRIx64 "\"", p->chain)) != OK ||
        (rc = add_position(b, position)) != OK)
        return rc;
    return checksum_line_end(b, start);
}

enum err_code journal_add_footer(struct buf *b, const struct journal_footer *f)
{
    size_t start = b->len;
    char text[WHEN_TEXT];
    enum err_code rc;
    if ((rc = buf_addf(b,
                       "{\"sealed\":\"%s\",\"pages\":%" PRIu64 ",\"records\":%" PRIu64
                       ",\"bytes\":%" PRIu64 ",\"hash\":\"%016" PRIx64 "\"",
                       when_iso(f->sealed, text), f->pages, f->records, f->bytes, f->hash)) != OK)
        return rc;
    return checksum_line_end(b, start);
}

static enum err_code read_header(const char *text, size_t n, struct journal_line *line,
                                 struct slice *position, struct err *e)
{
    struct journal_header *h = &line->header;
    uint64_t version = 0;
    struct slice previous;
    struct field fields[] = {
        {.name = "netty_journal", .type = FIELD_COUNT, .to = &version},
        {.name = "table", .type = FIELD_TEXT, .to = h->table, .room = sizeof h->table},
        {.name = "segment", .type = FIELD_COUNT, .to = &h->segment},
        {.name = "created", .type = FIELD_TIME, .to = &h->created},
        {.name = "previous", .type = FIELD_RAW, .to = &previous},
        {.name = "position", .type = FIELD_RAW, .to = position, .optional = true},
    };
    struct field place[] = {
        {.name = "segment", .type = FIELD_COUNT, .to = &h->previous.segment},
        {.name = "pages", .type = FIELD_COUNT, .to = &h->previous.page},
        {.name = "chain", .type = FIELD_HASH, .to = &h->chain, .optional = true},
    };
    enum err_code rc = fields_read_head(text, n, fields, FIELDS(fields), JOURNAL_FORMAT, e);
    if (rc != OK)
        return rc;
    return fields_read(previous.p, previous.n, place, FIELDS(place), e);
}

/* Returns the chain of a line that an older version wrote without one, from the line up to its position. */
static uint64_t own_chain(const char *text, size_t n)
{
    static const char position[] = ",\"position\":";
    const char *end = memmem(text, n, position, sizeof position - 1);
    return chain_of(0, text, end ? (size_t)(end - text) : n);
}

static enum err_code read_page(const char *text, size_t n, struct journal_line *line,
                               struct slice *position, struct err *e)
{
    struct page_info *p = &line->page;
    struct field fields[] = {
        {.name = "page", .type = FIELD_COUNT, .to = &p->place.page},
        {.name = "fetched", .type = FIELD_TIME, .to = &p->fetched},
        {.name = "offset", .type = FIELD_COUNT, .to = &p->offset},
        {.name = "bytes", .type = FIELD_COUNT, .to = &p->bytes},
        {.name = "line", .type = FIELD_COUNT, .to = &p->first_line},
        {.name = "records", .type = FIELD_COUNT, .to = &p->records},
        {.name = "hash", .type = FIELD_HASH, .to = &p->hash},
        {.name = "durable", .type = FIELD_COUNT, .to = &p->durable, .optional = true},
        {.name = "low", .type = FIELD_TEXT, .to = p->low, .room = sizeof p->low},
        {.name = "high", .type = FIELD_TEXT, .to = p->high, .room = sizeof p->high},
        {.name = "complete_to", .type = FIELD_TIME, .to = &p->complete_to, .optional = true},
        {.name = "chain", .type = FIELD_HASH, .to = &p->chain, .optional = true},
        {.name = "position", .type = FIELD_RAW, .to = position},
    };
    p->durable = 0;
    enum err_code rc = fields_read(text, n, fields, FIELDS(fields), e);
    if (rc != OK)
        return rc;
    if (p->place.page == 0 || p->first_line == 0 || p->records > p->bytes ||
        (p->records == 0) != (p->bytes == 0) || p->bytes > INT64_MAX - p->offset)
        return err_set(e, ERR_DAMAGED, "has numbers that contradict each other");
    if (p->chain == 0)
        p->chain = own_chain(text, n);
    return OK;
}

static enum err_code read_footer(const char *text, size_t n, struct journal_line *line,
                                 struct err *e)
{
    struct journal_footer *f = &line->footer;
    struct field fields[] = {
        {.name = "sealed", .type = FIELD_TIME, .to = &f->sealed},
        {.name = "pages", .type = FIELD_COUNT, .to = &f->pages},
        {.name = "records", .type = FIELD_COUNT, .to = &f->records},
        {.name = "bytes", .type = FIELD_COUNT, .to = &f->bytes},
        {.name = "hash", .type = FIELD_HASH, .to = &f->hash},
    };
    return fields_read(text, n, fields, FIELDS(fields), e);
}

static bool begins(const char *text, size_t n, const char *with)
{
    size_t len = strlen(with);
    return n >= len && memcmp(text, with, len) == 0;
}

enum err_code journal_decode(const char *text, size_t n, struct journal_line *line,
                             char position[PAGE_POSITION_MAX + 1], struct err *e)
{
    struct slice raw = {NULL, 0};
    enum err_code rc;
    if (!checksum_line_ok(text, n))
        return err_set(e, ERR_DAMAGED, "does not match its checksum");
    if (begins(text, n, "{\"netty_journal\":")) {
        line->kind = JOURNAL_HEADER;
        rc = read_header(text, n, line, &raw, e);
    } else if (begins(text, n, "{\"page\":")) {
        line->kind = JOURNAL_PAGE;
        rc = read_page(text, n, line, &raw, e);
    } else if (begins(text, n, "{\"sealed\":")) {
        line->kind = JOURNAL_FOOTER;
        rc = read_footer(text, n, line, e);
    } else {
        return err_set(e, ERR_DAMAGED, "is of no known kind");
    }
    if (rc != OK)
        return rc;
    if (raw.n > PAGE_POSITION_MAX)
        return err_set(e, ERR_DAMAGED, "has a position of more than %d bytes", PAGE_POSITION_MAX);
    if (line->kind != JOURNAL_FOOTER) {
        if (raw.n > 0)
            memcpy(position, raw.p, raw.n);
        position[raw.n] = '\0';
    }
    return OK;
}
