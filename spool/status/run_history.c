#include "spool/status/run_history.h"

#include "shared/base/array.h"
#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX       (RUN_HISTORY_BYTES + (1u << 12))
#define LINE_MAX_BYTES (1u << 12)

#define E (1u << RUN_HISTORY_EXTRACT)
#define L (1u << RUN_HISTORY_LOAD)

static const struct {
    const char *name;
    unsigned sides;
} counts[RUN_COUNTS] = {
    [RUN_REQUESTS] = {"requests", E},   [RUN_PAGES] = {"pages", E},
    [RUN_RECORDS] = {"records", E},     [RUN_BYTES] = {"bytes", E},
    [RUN_ERRORS] = {"errors", E},       [RUN_SET_ASIDE] = {"set_aside", E},
    [RUN_READ] = {"read", L},           [RUN_INSERTED] = {"inserted", L},
    [RUN_UPDATED] = {"updated", L},     [RUN_UNCHANGED] = {"unchanged", L},
    [RUN_STALE] = {"stale", L},         [RUN_FOLDED] = {"folded", L},
    [RUN_DEAD] = {"dead", L},           [RUN_BATCHES] = {"batches", L},
    [RUN_RETRIES] = {"retries", E | L},
};

static const char *const files[] = {
    [RUN_HISTORY_EXTRACT] = "runs-extract.ndjson", [RUN_HISTORY_LOAD] = "runs-load.ndjson"};

const char *run_history_file(enum run_history_side side)
{
    return files[side];
}

const char *run_history_count_name(enum run_count count)
{
    return counts[count].name;
}

bool run_history_count_of(enum run_count count, enum run_history_side side)
{
    return (counts[count].sides & (1u << side)) != 0;
}

/* Is called for the file's intact lines, as they stand, without line ends. */
typedef enum err_code line_fn(void *ctx, const char *line, size_t n, struct err *e);
static enum err_code each_line(const struct buf *text, line_fn *fn, void *ctx, struct err *e)
{
    enum err_code rc = OK;
    const char *p = text->data;
    const char *end = text->data + text->len;
    const char *lf;
    while (rc == OK && (lf = memchr(p, '\n', (size_t)(end - p)))) {
        if (checksum_line_ok(p, (size_t)(lf - p)))
            rc = fn(ctx, p, (size_t)(lf - p), e);
        p = lf + 1;
    }
    return rc;
}

static enum err_code count_line(void *ctx, const char *line, size_t n, struct err *e)
{
    size_t *lines = ctx;
    (void)line, (void)n, (void)e;
    ++*lines;
    return OK;
}

/* Reads the file. Without a file, or with one that is larger than these files become, the text is empty. */
static enum err_code read_text(const char *dir, enum run_history_side side, struct buf *text,
                               struct err *e)
{
    char path[IO_PATH];
    struct err why = ERR_INIT;
    enum err_code rc = io_path(path, dir, files[side], e);
    if (rc != OK)
        return rc;
    rc = safe_read_file(path, text, &why);
    if (rc == OK || rc == ERR_TOO_BIG || why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

/* ---- adding ---- */

/* The API may repeat the key in a message, so secrets are redacted as in the log. The text is then cut between characters. */
void run_history_failed(struct run_history_entry *run, const struct err *err)
{
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    (void)snprintf(run->error, sizeof run->error, "%s", err_word(err->code));
    run->message[0] = '\0';
    if (buf_adds(&text, err->msg) == OK && redact_text(&text) == OK && text.len > 0) {
        size_t n = text.len < sizeof run->message ? text.len : sizeof run->message - 1;
        while (n > 0 && n < text.len && ((unsigned char)text.data[n] & 0xc0) == 0x80)
            n--;
        (void)snprintf(run->message, sizeof run->message, "%.*s", (int)n, text.data);
    }
    buf_free(&text);
}

struct newest {
    const char *lines[RUN_HISTORY_KEPT]; /* a ring; with their line ends */
    size_t lengths[RUN_HISTORY_KEPT];
    size_t seen;
};

static enum err_code note_line(void *ctx, const char *line, size_t n, struct err *e)
{
    struct newest *k = ctx;
    (void)e;
    k->lines[k->seen % RUN_HISTORY_KEPT] = line;
    k->lengths[k->seen % RUN_HISTORY_KEPT] = n + 1;
    k->seen++;
    return OK;
}

/* Adds the newest lines, as many as leave an eighth of the file's largest size free, so that the file is not replaced each time. A
 * week of failures with long texts fits, too. */
static enum err_code add_newest(struct buf *b, const struct newest *k)
{
    enum err_code rc = OK;
    size_t first = k->seen;
    size_t bytes = 0;
    while (first > 0 && k->seen - first < RUN_HISTORY_KEPT - 1 && bytes < RUN_HISTORY_BYTES / 8 * 7)
        bytes += k->lengths[--first % RUN_HISTORY_KEPT];
    for (size_t i = first; i < k->seen && rc == OK; i++)
        rc = buf_add(b, k->lines[i % RUN_HISTORY_KEPT], k->lengths[i % RUN_HISTORY_KEPT]);
    return rc;
}

/* The values that a member has where the line lacks it. Most runs find nothing new, and their lines are short. */
static const char *const usual_kinds[] = {
    [RUN_HISTORY_EXTRACT] = "changes", [RUN_HISTORY_LOAD] = "load"};
static const char usual_status[] = "complete";

static enum err_code add_unusual(struct buf *b, const char *name, const char *value,
                                 const char *usual)
{
    return strcmp(value, usual) == 0 ? OK : buf_addf(b, ",\"%s\":\"%s\"", name, value);
}

static enum err_code add_run(struct buf *b, enum run_history_side side,
                             const struct run_history_entry *run)
{
    char began[WHEN_TEXT];
    char ended[WHEN_TEXT];
    char to[WHEN_TEXT];
    char backfill[WHEN_TEXT];
    size_t start = b->len;
    enum err_code rc =
        buf_addf(b, "{\"run\":\"%s\",\"began\":\"%s\"",
                 side == RUN_HISTORY_EXTRACT ? "extract" : "load", when_iso(run->began, began));
    if (rc == OK && run->ended != run->began + run->busy)
        rc = buf_addf(b, ",\"ended\":\"%s\"", when_iso(run->ended, ended));
    if (rc == OK)
        rc = buf_addf(b, ",\"busy_us\":%" PRId64, run->busy);
    if (rc == OK && (rc = add_unusual(b, "kind", run->kind, usual_kinds[side])) == OK &&
        (rc = add_unusual(b, "status", run->status, usual_status)) == OK)
        rc = add_unusual(b, "error", run->error, "");
    if (rc == OK && run->message[0] != '\0' && (rc = buf_adds(b, ",\"message\":")) == OK)
        rc = buf_add_json(b, run->message, strlen(run->message));
    if (rc == OK && run->reason[0] != '\0')
        rc = buf_addf(b, ",\"reason\":\"%s\"", run->reason);
    if (rc == OK && side == RUN_HISTORY_EXTRACT)
        rc = run->complete_to == WHEN_NONE
                 ? buf_adds(b, ",\"complete_to\":null")
                 : buf_addf(b, ",\"complete_to\":\"%s\"", when_iso(run->complete_to, to));
    if (rc == OK && run->backfill > 0)
        rc = buf_addf(b, ",\"backfill\":\"%s\"", when_iso(run->backfill, backfill));
    for (unsigned i = 0; i < RUN_COUNTS && rc == OK; i++)
        if (run->counts[i] != 0 && run_history_count_of((enum run_count)i, side))
            rc = buf_addf(b, ",\"%s\":%" PRId64, counts[i].name, run->counts[i]);
    return rc == OK ? checksum_line_end(b, start) : rc;
}

/* Replaces the file by one of its newest lines and this line. */
static enum err_code replace(const char *dir, enum run_history_side side, const struct buf *old,
                             const struct buf *line, struct err *e)
{
    struct buf text;
    struct newest *kept = calloc(1, sizeof *kept);
    enum err_code rc = kept == NULL ? err_set(e, ERR_NOMEM, "out of memory") : OK;
    buf_init(&text, TEXT_MAX);
    if (rc != OK || (rc = each_line(old, note_line, kept, e)) != OK)
        goto done;
    if ((rc = add_newest(&text, kept)) != OK || (rc = buf_add(&text, line->data, line->len)) != OK)
        rc = buf_err(e, rc, &text, files[side]);
    else
        rc = io_replace(dir, files[side], text.data, text.len, e);
done:
    free(kept);
    buf_free(&text);
    return rc;
}

/* Must the line be synced? A usual run's line may be lost when the machine stops: then a person sees one run less. The line of a
 * backfill that came to its end must not (run_history_full_since). */
static bool must_last(enum run_history_side side, const struct run_history_entry *run)
{
    return strcmp(run->kind, usual_kinds[side]) != 0 || strcmp(run->status, usual_status) != 0;
}

/* Appends the line. *done stays false when the file has another name too, and so must not be written to. */
static enum err_code append(const char *dir, enum run_history_side side, size_t at,
                            const struct buf *line, bool lasting, bool *done, struct err *e)
{
    char path[IO_PATH];
    struct err why = ERR_INIT;
    int fd = -1;
    enum err_code rc = io_path(path, dir, files[side], e);
    if (rc != OK)
        return rc;
    rc = safe_open(&fd, path, O_WRONLY, &why);
    if (rc != OK && why.sys == EMLINK)
        return OK;
    if (rc != OK) {
        *e = why;
        return rc;
    }
    rc = io_pwrite(fd, line->data, line->len, (int64_t)at, path, e);
    if (rc == OK && lasting && fdatasync(fd) != 0)
        rc = err_sys(e, ERR_IO, "cannot sync %s", path);
    (void)close(fd); /* it was synced, need not be, or has failed */
    *done = rc == OK;
    return rc;
}

/* Does the text consist of intact lines, and does one more fit? */
static bool is_whole(const struct buf *text, const struct buf *line)
{
    size_t good = 0;
    size_t lines = 0;
    if (text->len == 0 || text->len + line->len > RUN_HISTORY_BYTES ||
        text->data[text->len - 1] != '\n')
        return false;
    for (size_t i = 0; i < text->len; i++)
        lines += text->data[i] == '\n';
    return each_line(text, count_line, &good, NULL) == OK && good == lines;
}

static enum err_code add_locked(const char *dir, enum run_history_side side,
                                const struct run_history_entry *run, struct err *e)
{
    struct buf old;
    struct buf line;
    bool done = false;
    buf_init(&old, TEXT_MAX);
    buf_init(&line, LINE_MAX_BYTES);
    enum err_code rc = add_run(&line, side, run);
    if (rc != OK) {
        rc = buf_err(e, rc, &line, files[side]);
        goto done;
    }
    if ((rc = read_text(dir, side, &old, e)) == OK && is_whole(&old, &line))
        rc = append(dir, side, old.len, &line, must_last(side, run), &done, e);
    if (rc == OK && !done)
        rc = replace(dir, side, &old, &line, e);
    FAULT("runs-written");
done:
    buf_free(&old);
    buf_free(&line);
    return rc;
}

enum err_code run_history_add(const struct spool *s, const char *table, enum run_history_side side,
                              const struct run_history_entry *run, struct err *e)
{
    char dir[IO_PATH];
    int lock = -1;
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK || (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    rc = add_locked(dir, side, run, e);
    small_file_unlock(lock);
    return rc;
}

/* ---- reading ---- */

struct reading {
    struct run_history *to;
    enum run_history_side side;
    size_t pass; /* lines before those that are wanted */
    size_t lines;
    size_t room;
};

static bool read_run(const char *line, size_t n, enum run_history_side side,
                     struct run_history_entry *run)
{
    uint64_t busy = 0;
    uint64_t numbers[RUN_COUNTS] = {0};
    int64_t backfill = WHEN_NONE;
    struct field fields[10 + RUN_COUNTS] = {
        {.name = "began", .type = FIELD_TIME, .to = &run->began},
        {.name = "ended", .type = FIELD_TIME, .to = &run->ended, .optional = true},
        {.name = "busy_us", .type = FIELD_COUNT, .to = &busy},
        {.name = "kind",
         .type = FIELD_TEXT,
         .to = run->kind,
         .room = RUN_HISTORY_WORD,
         .optional = true},
        {.name = "status",
         .type = FIELD_TEXT,
         .to = run->status,
         .room = RUN_HISTORY_WORD,
         .optional = true},
        {.name = "error",
         .type = FIELD_TEXT,
         .to = run->error,
         .room = RUN_HISTORY_WORD,
         .optional = true},
        {.name = "complete_to", .type = FIELD_TIME, .to = &run->complete_to, .optional = true},
        {.name = "reason",
         .type = FIELD_TEXT,
         .to = run->reason,
         .room = RUN_HISTORY_REASON,
         .optional = true},
        {.name = "message",
         .type = FIELD_TEXT,
         .to = run->message,
         .room = RUN_HISTORY_MESSAGE,
         .optional = true},
        {.name = "backfill", .type = FIELD_TIME, .to = &backfill, .optional = true},
    };
    size_t count = 10;
    for (unsigned i = 0; i < RUN_COUNTS; i++)
        if (run_history_count_of((enum run_count)i, side))
            fields[count++] = (struct field){
                .name = counts[i].name, .type = FIELD_COUNT, .to = &numbers[i], .optional = true};
    *run = (struct run_history_entry){.complete_to = WHEN_NONE};
    if (fields_read(line, n, fields, count, NULL) != OK)
        return false;
    run->busy = (int64_t)busy;
    if (run->ended == WHEN_NONE)
        run->ended = run->began + run->busy;
    if (run->kind[0] == '\0')
        memcpy(run->kind, usual_kinds[side], strlen(usual_kinds[side]) + 1);
    if (run->status[0] == '\0')
        memcpy(run->status, usual_status, sizeof usual_status);
    run->backfill = backfill != WHEN_NONE ? backfill : 0;
    for (unsigned i = 0; i < RUN_COUNTS; i++)
        run->counts[i] = (int64_t)numbers[i];
    return true;
}

static enum err_code take_line(void *ctx, const char *line, size_t n, struct err *e)
{
    struct reading *r = ctx;
    struct run_history *to = r->to;
    struct run_history_entry run;
    if (r->lines++ < r->pass || !read_run(line, n, r->side, &run))
        return OK;
    struct run_history_entry *more = array_room(to->entries, &r->room, to->count, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    to->entries = more;
    to->entries[to->count++] = run;
    return OK;
}

enum err_code run_history_read(const struct spool *s, const char *table, enum run_history_side side,
                               size_t most, struct run_history *r, struct err *e)
{
    char dir[IO_PATH];
    struct buf text;
    struct reading reading = {.to = r, .side = side};
    size_t lines = 0;
    *r = (struct run_history){0};
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK)
        return rc;
    buf_init(&text, TEXT_MAX);
    if ((rc = read_text(dir, side, &text, e)) == OK &&
        (rc = each_line(&text, count_line, &lines, e)) == OK) {
        reading.pass = lines > most ? lines - most : 0;
        rc = each_line(&text, take_line, &reading, e);
    }
    buf_free(&text);
    return rc;
}

/* Bytes behind the last line end are a line that was never whole, and no damage. */
enum err_code run_history_check(const struct spool *s, const char *table,
                                enum run_history_side side, struct err *e)
{
    char dir[IO_PATH];
    struct buf text;
    size_t whole = 0;
    size_t lines = 0;
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK)
        return rc;
    buf_init(&text, TEXT_MAX);
    if ((rc = read_text(dir, side, &text, e)) == OK)
        rc = each_line(&text, count_line, &whole, e);
    for (size_t i = 0; rc == OK && i < text.len; i++)
        lines += text.data[i] == '\n';
    buf_free(&text);
    if (rc == OK && whole < lines)
        rc = err_set(e, ERR_DAMAGED, "%s/%s: %zu of %zu lines are not what was written", dir,
                     files[side], lines - whole, lines);
    return rc;
}

void run_history_free(struct run_history *r)
{
    free(r->entries);
    *r = (struct run_history){0};
}

bool run_history_full_since(const struct spool *s, const char *table, int64_t since)
{
    struct run_history runs = {0};
    struct err e = ERR_INIT;
    int64_t began = WHEN_NONE;
    bool all = false;

    bool read = run_history_read(s, table, RUN_HISTORY_EXTRACT, SIZE_MAX, &runs, &e) == OK;
    for (size_t i = 0; read && i < runs.count; i++) {
        const struct run_history_entry *run = &runs.entries[i];
        if (strcmp(run->kind, "full") != 0)
            continue;
        began = began == WHEN_NONE ? run->began : began;
        if (strcmp(run->status, "complete") != 0 && strcmp(run->status, "unproven") != 0)
            continue;
        if (run->backfill > 0) /* which may have had more runs than are remembered */
            began = run->backfill;
        all = all || began >= since;
        began = WHEN_NONE;
    }
    run_history_free(&runs);
    return all;
}
