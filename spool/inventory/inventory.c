#include "spool/inventory/inventory.h"

#include "shared/base/array.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/inventory/inventory_private.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536u

struct numbers {
    int64_t *at;
    size_t n;
    size_t capacity;
};

struct scan {
    const char *table;
    struct inventory_state *state;
    inventory_fn *fn;
    void *ctx;
    struct numbers one;
    struct numbers two;
    struct inventory_pair *pairs;
};

static enum err_code add_number(struct numbers *all, int64_t value, struct err *e)
{
    int64_t *more = array_room(all->at, &all->capacity, all->n, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    all->at = more;
    all->at[all->n++] = value;
    return OK;
}

/* Reads all integers of an array, at any depth; null is WHEN_NONE. */
static enum err_code read_numbers(struct numbers *all, const struct slice *s, struct err *e)
{
    const char *p = s->p;
    const char *end = s->p != NULL ? s->p + s->n : NULL;
    all->n = 0;
    while (p < end) {
        int64_t value = WHEN_NONE;
        if (*p == '[' || *p == ']' || *p == ',') {
            p++;
            continue;
        }
        if ((size_t)(end - p) >= 4 && memcmp(p, "null", 4) == 0) {
            p += 4;
        } else {
            char *after = NULL;
            errno = 0;
            value = strtoll(p, &after, 10);
            if (after == p || errno != 0)
                return err_set(e, ERR_DAMAGED, "has a key that is no integer");
            p = after;
        }
        enum err_code rc = add_number(all, value, e);
        if (rc != OK)
            return rc;
    }
    return OK;
}

static enum err_code report_line(const struct scan *s, const struct inventory_line *line,
                                 struct err *e)
{
    return s->fn != NULL ? s->fn(s->ctx, line, e) : OK;
}

static enum err_code read_head(const struct scan *s, const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    char table[64];
    struct field fields[] = {
        {.name = "netty_roll", .type = FIELD_COUNT, .to = &version},
        {.name = "table", .type = FIELD_TEXT, .to = table, .room = sizeof table},
        {.name = "began", .type = FIELD_TIME, .to = &s->state->began},
        {.name = "last", .type = FIELD_TIME, .to = &s->state->last, .optional = true},
    };
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), INVENTORY_FORMAT, e);
    if (rc != OK)
        return rc;
    if (strcmp(table, s->table) != 0)
        return err_set(e, ERR_DAMAGED, "is of another table");
    s->state->there = true;
    return OK;
}

static enum err_code read_page(struct scan *s, const char *line, size_t n, struct err *e)
{
    struct inventory_state *state = s->state;
    struct inventory_page page = {0};
    struct slice keys = {0};
    struct slice deleted = {0};
    struct slice position = {0};
    struct inventory_line reported = {.kind = INVENTORY_PAGE};
    struct field fields[] = {
        {.name = "page", .type = FIELD_COUNT, .to = &reported.number},
        {.name = "fetched", .type = FIELD_TIME, .to = &page.fetched},
        {.name = "clock", .type = FIELD_TIME, .to = &page.clock},
        {.name = "records", .type = FIELD_COUNT, .to = &page.records},
        {.name = "unkeyed", .type = FIELD_COUNT, .to = &page.unkeyed},
        {.name = "pass", .type = FIELD_COUNT, .to = &page.pass},
        {.name = "complete_to", .type = FIELD_TIME, .to = &page.complete_to, .optional = true},
        {.name = "keys", .type = FIELD_RAW, .to = &keys},
        {.name = "deleted", .type = FIELD_RAW, .to = &deleted},
        {.name = "position", .type = FIELD_RAW, .to = &position},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    if (rc != OK || (rc = read_numbers(&s->one, &keys, e)) != OK ||
        (rc = read_numbers(&s->two, &deleted, e)) != OK)
        return rc;
    if (position.n > PAGE_POSITION_MAX || reported.number != state->pages + 1)
        return err_set(e, ERR_DAMAGED, "has a page that cannot be");
    memcpy(state->position, position.p, position.n);
    state->position[position.n] = '\0';
    if (state->pages == 0)
        state->clock = page.clock;
    state->pages++;
    state->behind++;
    state->records += page.records;
    state->unkeyed += page.unkeyed;
    state->page = page;
    reported.page = &page;
    reported.keys = s->one.at;
    reported.count = s->one.n;
    reported.deleted = s->two.at;
    reported.deleted_count = s->two.n;
    return report_line(s, &reported, e);
}

static enum err_code read_window(const struct scan *s, const char *line, size_t n, struct err *e)
{
    struct inventory_state *state = s->state;
    struct inventory_window window = {0};
    uint64_t ended = 0;
    struct inventory_line reported = {.kind = INVENTORY_WINDOW, .window = &window};
    struct field fields[] = {
        {.name = "window", .type = FIELD_COUNT, .to = &reported.number},
        {.name = "at", .type = FIELD_TIME, .to = &window.at},
        {.name = "clock", .type = FIELD_TIME, .to = &window.clock},
        {.name = "to", .type = FIELD_TIME, .to = &window.to, .optional = true},
        {.name = "ended", .type = FIELD_COUNT, .to = &ended},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    if (rc != OK)
        return rc;
    if (reported.number != state->windows + 1)
        return err_set(e, ERR_DAMAGED, "has a window that cannot be");
    window.ended = ended != 0;
    state->windows++;
    state->behind = 0;
    state->window = window;
    return report_line(s, &reported, e);
}

static enum err_code make_pairs(struct scan *s, struct inventory_lookup *lookup, struct err *e)
{
    lookup->absent_count = s->two.n / 2;
    struct inventory_pair *pairs = realloc(s->pairs, (lookup->absent_count + 1) * sizeof *pairs);
    if (pairs == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    s->pairs = pairs;
    for (size_t i = 0; i < lookup->absent_count; i++)
        pairs[i] = (struct inventory_pair){s->two.at[2 * i], s->two.at[2 * i + 1]};
    lookup->absent = pairs;
    return OK;
}

static enum err_code read_lookup(struct scan *s, const char *line, size_t n, struct err *e)
{
    struct inventory_state *state = s->state;
    struct inventory_lookup lookup = {0};
    uint64_t useless = 0;
    struct slice present = {0};
    struct slice absent = {0};
    struct inventory_line reported = {.kind = INVENTORY_LOOKUP, .lookup = &lookup};
    struct field fields[] = {
        {.name = "look", .type = FIELD_COUNT, .to = &reported.number},
        {.name = "at", .type = FIELD_TIME, .to = &lookup.at},
        {.name = "clock", .type = FIELD_TIME, .to = &lookup.clock},
        {.name = "useless", .type = FIELD_COUNT, .to = &useless},
        {.name = "present", .type = FIELD_RAW, .to = &present},
        {.name = "absent", .type = FIELD_RAW, .to = &absent},
    };
    enum err_code rc = fields_read(line, n, fields, FIELDS(fields), e);
    if (rc != OK || (rc = read_numbers(&s->one, &present, e)) != OK ||
        (rc = read_numbers(&s->two, &absent, e)) != OK || (rc = make_pairs(s, &lookup, e)) != OK)
        return rc;
    if (reported.number != state->lookups + 1)
        return err_set(e, ERR_DAMAGED, "has a look that cannot be");
    lookup.useless = useless != 0;
    lookup.present = s->one.at;
    lookup.present_count = s->one.n;
    state->lookups++;
    state->absent += lookup.absent_count;
    state->present += lookup.present_count;
    state->useless = lookup.useless;
    return report_line(s, &reported, e);
}

static bool begins(const char *line, size_t n, const char *with)
{
    size_t len = strlen(with);
    return n >= len && memcmp(line, with, len) == 0;
}

/* Lines of kinds that this version does not know are passed over. */
static enum err_code read_line(struct scan *s, const char *line, size_t n, struct err *e)
{
    if (!s->state->there)
        return read_head(s, line, n, e);
    if (begins(line, n, "{\"page\":"))
        return read_page(s, line, n, e);
    if (begins(line, n, "{\"window\":"))
        return read_window(s, line, n, e);
    return begins(line, n, "{\"look\":") ? read_lookup(s, line, n, e) : OK;
}

static enum err_code each_line(struct scan *s, struct buf *text, int64_t *end, struct err *e)
{
    size_t done = 0;
    const char *lf;
    enum err_code rc = OK;
    while (rc == OK && (lf = memchr(text->data + done, '\n', text->len - done)) != NULL) {
        const char *line = text->data + done;
        size_t n = (size_t)(lf - line);
        if (!checksum_line_ok(line, n))
            rc = err_set(e, ERR_DAMAGED, "byte %" PRId64 ": a line does not match its checksum",
                         *end);
        else
            rc = read_line(s, line, n, e);
        if (rc == OK) {
            done += n + 1;
            *end += (int64_t)n + 1;
        }
    }
    buf_consume(text, done);
    return rc;
}

enum err_code inventory_scan(int fd, const char *path, const char *table,
                             struct inventory_state *state, int64_t *end, inventory_fn *fn,
                             void *ctx, struct err *e)
{
    struct scan s = {.table = table, .state = state, .fn = fn, .ctx = ctx};
    struct buf text;
    enum err_code rc = OK;
    size_t got = 1;
    *state = (struct inventory_state){.began = WHEN_NONE, .last = WHEN_NONE, .clock = WHEN_NONE};
    state->window.to = state->page.complete_to = WHEN_NONE;
    *end = 0;
    buf_init(&text, INVENTORY_LINE_MAX + PIECE);
    while (rc == OK && got > 0) {
        if (buf_reserve(&text, PIECE) != OK) {
            rc = err_set(e, ERR_DAMAGED, "%s: a line is longer than can be", path);
            break;
        }
        rc = io_pread(fd, text.data + text.len, PIECE, *end + (int64_t)text.len, &got, path, e);
        if (rc != OK)
            break;
        buf_grown(&text, got);
        if ((rc = each_line(&s, &text, end, e)) != OK)
            (void)err_prefix(e, "%s", path);
    }
    if (rc == OK && !state->there)
        rc = err_set(e, ERR_DAMAGED, "%s: it is cut short", path);
    buf_free(&text);
    free(s.one.at);
    free(s.two.at);
    free(s.pairs);
    return rc;
}

enum err_code inventory_read(const struct spool *s, const char *table,
                             struct inventory_state *state, inventory_fn *fn, void *ctx,
                             struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    int64_t end = 0;
    *state = (struct inventory_state){.began = WHEN_NONE};
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK || (rc = io_path(path, dir, INVENTORY_FILE, e)) != OK)
        return rc;
    int fd = -1;
    if ((rc = safe_open_if_there(&fd, path, O_RDONLY, e)) != OK || fd < 0)
        return rc;
    if (fdatasync(fd) != 0 && errno != EROFS && errno != EINVAL)
        rc = err_sys(e, ERR_IO, "cannot sync %s", path);
    else
        rc = inventory_scan(fd, path, table, state, &end, fn, ctx, e);
    (void)close(fd);
    return rc;
}
