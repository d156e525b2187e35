#include "shared/cli/progress.h"

#include "shared/base/buf.h"
#include "shared/base/units.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_MS  500
#define LOG_MS   60000
#define PART_MAX 128

struct progress {
    uv_timer_t timer;
    progress_each_fn *each;
    void *ctx;
    bool terminal;
    enum err_code rc; /* of the picture being drawn */
    struct buf text;
    unsigned lines; /* on the screen now */
    unsigned width; /* of the terminal; 0: not known */
    unsigned height;
};

/* ---- what a row comes to ---- */

static double rate(const struct progress_row *row)
{
    double seconds = (double)row->elapsed / WHEN_SECOND;
    return seconds > 0 ? (double)row->now / seconds : 0;
}

/* Returns the microseconds that are left; -1: not known. */
static int64_t left(const struct progress_row *row)
{
    double each = rate(row);
    if (row->of <= row->done || each <= 0)
        return -1;
    double us = (double)(row->of - row->done) / each * WHEN_SECOND;
    return us < 1e15 ? (int64_t)us / WHEN_SECOND * WHEN_SECOND : -1;
}

/* ---- on a terminal ---- */

static void show(struct progress *p)
{
    size_t at = 0;
    while (at < p->text.len) {
        ssize_t n = write(STDERR_FILENO, p->text.data + at, p->text.len - at);
        if (n <= 0)
            return; /* nothing is lost: the next picture follows within half a second */
        at += (size_t)n;
    }
}

/* Moves the cursor up to the first line of the last picture, and clears the terminal from there. */
static enum err_code erase(struct progress *p)
{
    enum err_code rc = p->lines > 0 ? buf_addf(&p->text, "\r\033[%uA\033[J", p->lines) : OK;
    p->lines = 0;
    return rc;
}

/* Returns the columns that s takes; each character that is used here takes one. */
static unsigned columns(const char *s)
{
    unsigned n = 0;
    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* Adds a part of the line if it fits as a whole. Only the name is cut. */
static enum err_code add_part(struct progress *p, unsigned *used, const char *part)
{
    unsigned n = columns(part);
    if (p->width > 0 && *used + n >= p->width) {
        *used = p->width; /* so that no later part is added either */
        return OK;
    }
    *used += n;
    return buf_adds(&p->text, part);
}

static enum err_code add_name(struct progress *p, unsigned *used, const char *name)
{
    int most = p->width > 0 && p->width < 21 ? (int)p->width - 1 : PART_MAX;
    size_t before = p->text.len;
    enum err_code rc = buf_addf(&p->text, "%.*s", most, name);
    *used = (unsigned)(p->text.len - before);
    return rc;
}

static void print_amount(const struct progress_row *row, char out[PART_MAX])
{
    char done[UNITS_TEXT];
    char of[UNITS_TEXT];
    bool known = row->of > 0;
    (void)snprintf(out, PART_MAX, "  %s%s%s %s", units_show_count((int64_t)row->done, done),
                   known ? " of about " : "", known ? units_show_count((int64_t)row->of, of) : "",
                   row->unit);
}

static void print_bytes(const struct progress_row *row, char out[PART_MAX])
{
    char done[UNITS_TEXT];
    char of[UNITS_TEXT];
    out[0] = '\0';
    if (row->bytes_of > 0)
        (void)snprintf(out, PART_MAX, "  %s of %s", units_show_size((int64_t)row->bytes, done),
                       units_show_size((int64_t)row->bytes_of, of));
}

static enum err_code add_line(struct progress *p, const struct progress_row *row)
{
    char parts[5][PART_MAX] = {"", "", "", "", ""};
    char text[WHEN_TEXT > UNITS_TEXT ? WHEN_TEXT : UNITS_TEXT];
    unsigned used = 0;
    int64_t more = left(row);
    print_amount(row, parts[0]);
    (void)snprintf(parts[1], PART_MAX, "  %.*f/s", rate(row) < 10 ? 1 : 0, rate(row));
    if (more >= 0)
        (void)snprintf(parts[2], PART_MAX, "  about %s left", units_show_duration(more, text));
    print_bytes(row, parts[3]);
    if (row->reached != WHEN_NONE)
        (void)snprintf(parts[4], PART_MAX, "  up to %s", when_people(row->reached, text));
    enum err_code rc = add_name(p, &used, row->name);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && rc == OK; i++)
        rc = add_part(p, &used, parts[i]);
    p->lines++;
    return rc == OK ? buf_addc(&p->text, '\n') : rc;
}

static void see_line(void *to, const struct progress_row *row)
{
    struct progress *p = to;
    if (p->rc == OK && (p->height == 0 || p->lines + 1 < p->height))
        p->rc = add_line(p, row);
}

static void draw(struct progress *p)
{
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) {
        p->width = size.ws_col;
        p->height = size.ws_row;
    }
    buf_reset(&p->text);
    p->rc = erase(p);
    p->each(p->ctx, see_line, p);
    show(p);
}

/* ---- in a pipe ---- */

/* A table that has just begun is logged in a minute. */
static void see_log(void *to, const struct progress_row *row)
{
    (void)to;
    if (row->elapsed < (LOG_MS / 2) * (WHEN_SECOND / 1000))
        return;
    int64_t more = left(row);
    struct log_field fields[] = {
        F_STR("table", row->name),
        F_STR("unit", row->unit),
        F_INT("done", row->done),
        F_INT("of", row->of),
        F_REAL("rate", rate(row)),
        F_SECONDS("left_seconds", more >= 0 ? more : -WHEN_SECOND),
        F_INT("left_s", more >= 0 ? more / WHEN_SECOND : -1),
        F_INT("bytes", row->bytes),
        F_INT("bytes_of", row->bytes_of),
    };
    log_event(LOG_INFO, "progress", "still at work", fields,
              sizeof fields / sizeof *fields - (row->bytes_of > 0 ? 0 : 2));
}

/* ---- beginning and end ---- */

static void on_timer(uv_timer_t *timer)
{
    struct progress *p = timer->data;
    if (p->terminal)
        draw(p);
    else
        p->each(p->ctx, see_log, p);
}

enum err_code progress_open(struct progress **out, uv_loop_t *loop, bool terminal,
                            progress_each_fn *each, void *ctx, struct err *e)
{
    struct progress *p = calloc(1, sizeof *p);
    *out = NULL;
    if (p == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    p->each = each;
    p->ctx = ctx;
    p->terminal = terminal;
    p->timer.data = p;
    buf_init(&p->text, (size_t)64 << 10);
    uint64_t every = terminal ? DRAW_MS : LOG_MS;
    (void)uv_timer_init(loop, &p->timer); /* it only fails without a loop */
    (void)uv_timer_start(&p->timer, on_timer, every, every);
    uv_unref((uv_handle_t *)&p->timer);
    *out = p;
    return OK;
}

void progress_clear(struct progress *p)
{
    if (p == NULL || p->lines == 0)
        return;
    buf_reset(&p->text);
    if (erase(p) == OK)
        show(p);
}

static void on_closed(uv_handle_t *handle)
{
    struct progress *p = handle->data;
    buf_free(&p->text);
    free(p);
}

void progress_close(struct progress *p)
{
    if (p == NULL)
        return;
    progress_clear(p);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}
