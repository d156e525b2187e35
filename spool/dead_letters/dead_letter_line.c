#include "spool/dead_letters/dead_letter_line.h"

#include "shared/base/utf8.h"
#include "shared/time/when.h"
#include "spool/dead_letters/base64.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

/* Is it UTF-8 without control characters? JSON would write each of those with six bytes. */
static bool is_text(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = utf8_next(s + i, n - i, &c);
        if (len == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return false;
        i += len;
    }
    return true;
}

static enum err_code add_member(struct buf *b, const char *name, const char *text)
{
    enum err_code rc = buf_addf(b, ",\"%s\":", name);
    return rc == OK ? buf_add_json(b, text ? text : "", text ? strlen(text) : 0) : rc;
}

static enum err_code add_raw(struct buf *b, const struct dead_letter *letter)
{
    enum err_code rc;
    if (is_text(letter->raw, letter->raw_len)) {
        if ((rc = buf_adds(b, ",\"raw\":")) == OK)
            rc = buf_add_json(b, letter->raw, letter->raw_len);
        return rc;
    }
    if ((rc = buf_adds(b, ",\"raw64\":\"")) == OK &&
        (rc = base64_add(b, letter->raw, letter->raw_len)) == OK)
        rc = buf_addc(b, '"');
    return rc;
}

uint64_t dead_letter_hash(const char *raw, size_t n)
{
    uint64_t hash = XXH3_64bits(raw, n);
    return hash + (hash == 0);
}

static enum err_code add_state(struct buf *b, const struct dead_letter *letter)
{
    char at[WHEN_TEXT];
    (void)when_iso(letter->state_at, at);
    if (letter->state == DEAD_OVERTAKEN)
        return buf_addf(b, ",\"raw\":\"\",\"overtaken\":\"%s\"", at);
    return buf_addf(b, ",\"raw\":\"\",\"dismissed\":\"%s\",\"hash\":\"%016" PRIx64 "\"", at,
                    letter->hash);
}

enum err_code dead_letter_line_add(struct buf *b, const struct dead_letter *letter)
{
    size_t start = b->len;
    char at[WHEN_TEXT];
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"at\":\"%s\"", when_iso(letter->at, at))) != OK ||
        (rc = add_member(b, "reason", letter->reason)) != OK ||
        (rc = add_member(b, "sqlstate", letter->sqlstate)) != OK ||
        (rc = add_member(b, "message", letter->message)) != OK ||
        (rc = add_member(b, "file", letter->file)) != OK ||
        (rc = buf_addf(b, ",\"segment\":%" PRIu64 ",\"page\":%" PRIu64 ",\"line\":%" PRIu64,
                       letter->place.segment, letter->place.page, letter->line)) != OK ||
        (rc = letter->state != DEAD_LISTED ? add_state(b, letter) : add_raw(b, letter)) != OK)
        return rc;
    return checksum_line_end(b, start);
}

void dead_letter_line_memory_init(struct dead_letter_line_memory *m)
{
    buf_init(&m->message, DEAD_LETTER_LINE_MAX);
    buf_init(&m->raw, DEAD_LETTER_LINE_MAX);
    buf_init(&m->raw64, DEAD_LETTER_LINE_MAX);
}

void dead_letter_line_memory_free(struct dead_letter_line_memory *m)
{
    buf_free(&m->message);
    buf_free(&m->raw);
    buf_free(&m->raw64);
}

static bool read_fields(struct dead_letter_line_memory *m, const char *line, size_t n,
                        struct dead_letter *letter)
{
    int64_t dismissed = WHEN_NONE;
    int64_t overtaken = WHEN_NONE;
    struct field fields[] = {
        {.name = "at", .type = FIELD_TIME, .to = &letter->at},
        {.name = "reason", .type = FIELD_TEXT, .to = m->reason, .room = sizeof m->reason},
        {.name = "sqlstate", .type = FIELD_TEXT, .to = m->sqlstate, .room = sizeof m->sqlstate},
        {.name = "message", .type = FIELD_BUF, .to = &m->message},
        {.name = "file", .type = FIELD_TEXT, .to = m->file, .room = sizeof m->file},
        {.name = "segment", .type = FIELD_COUNT, .to = &letter->place.segment},
        {.name = "page", .type = FIELD_COUNT, .to = &letter->place.page},
        {.name = "line", .type = FIELD_COUNT, .to = &letter->line},
        {.name = "raw", .type = FIELD_BUF, .to = &m->raw, .optional = true},
        {.name = "raw64", .type = FIELD_BUF, .to = &m->raw64, .optional = true},
        {.name = "dismissed", .type = FIELD_TIME, .to = &dismissed, .optional = true},
        {.name = "overtaken", .type = FIELD_TIME, .to = &overtaken, .optional = true},
        {.name = "hash", .type = FIELD_HASH, .to = &letter->hash, .optional = true},
    };
    if (!checksum_line_ok(line, n) || fields_read(line, n, fields, FIELDS(fields), NULL) != OK)
        return false;
    letter->state = overtaken != WHEN_NONE   ? DEAD_OVERTAKEN
                    : dismissed != WHEN_NONE ? DEAD_DISMISSED
                                             : DEAD_LISTED;
    letter->state_at = overtaken != WHEN_NONE ? overtaken : dismissed;
    return m->raw64.len == 0 || base64_decode(&m->raw, m->raw64.data, m->raw64.len) == OK;
}

void dead_letter_line_read(struct dead_letter_line_memory *m, const char *line, size_t n,
                           struct dead_letter *letter)
{
    *letter = (struct dead_letter){0};
    if (!read_fields(m, line, n, letter)) {
        *letter = (struct dead_letter){.at = WHEN_NONE,
                                       .reason = "damaged",
                                       .sqlstate = "",
                                       .message = "the line does not match its checksum",
                                       .file = "",
                                       .raw = line,
                                       .raw_len = n};
        return;
    }
    letter->reason = m->reason;
    letter->sqlstate = m->sqlstate;
    letter->message = m->message.data;
    letter->file = m->file;
    letter->raw = m->raw.data;
    letter->raw_len = m->raw.len;
}
