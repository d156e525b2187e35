#include "extract/run/terminal_progress.h"
#include "shared/base/buf.h"
#include "shared/base/units.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <unistd.h>

#define EVERY_MS 500

struct terminal_progress {
    uv_timer_t timer;
    fetch_each_fn *each;
    const void *run;
    enum err_code rc; /* of the picture being drawn */
    struct buf text;
    unsigned lines; /* on the screen now */
};

static void show(struct terminal_progress *p)
{
    size_t at = 0;
    while (at < p->text.len) {
        ssize_t n = write(STDERR_FILENO, p->text.data + at, p->text.len - at);
        if (n <= 0)
            return; /* a picture of the moment: the next one comes soon */
        at += (size_t)n;
    }
}

/* Up over our own lines, and all below them away. */
static enum err_code erase(struct terminal_progress *p)
{
    enum err_code rc = p->lines > 0 ? buf_addf(&p->text, "\r\033[%uA\033[J", p->lines) : OK;
    p->lines = 0;
    return rc;
}

/* What is left takes about as long as what is done did, by the records' own times. */
static int64_t left(const struct table_fetch_result *t, int64_t now)
{
    int64_t from = t->crawl.complete_to;
    if (t->reached == WHEN_NONE || from == WHEN_NONE || t->reached <= from || now <= t->reached)
        return -1;
    double done = (double)(t->reached - from) / (double)(now - from);
    double us = (double)t->elapsed * (1 - done) / done;
    return us < 1e12 ? (int64_t)us / WHEN_SECOND * WHEN_SECOND : -1;
}

static enum err_code line(struct terminal_progress *p, const char *name,
                          const struct table_fetch_result *result, int64_t now)
{
    struct table_fetch_result t = *result;
    char records[UNITS_TEXT];
    char reached[WHEN_TEXT];
    char rest[UNITS_TEXT];
    double seconds = (double)t.elapsed / WHEN_SECOND;
    double rate = seconds > 0 ? (double)t.records / seconds : 0;
    int64_t more = left(&t, now);
    enum err_code rc = buf_addf(&p->text, "%-20s %12s records %8.0f/s  up to %s", name,
                                units_show_count((int64_t)t.records, records), rate,
                                when_people(t.reached, reached));
    if (rc == OK && more >= 0)
        rc = buf_addf(&p->text, "  about %s left", units_show_duration(more, rest));
    p->lines++;
    return rc == OK ? buf_addc(&p->text, '\n') : rc;
}

static void see(void *to, const char *name, const struct table_fetch_result *result, bool started)
{
    struct terminal_progress *p = to;
    if (started && p->rc == OK)
        p->rc = line(p, name, result, when_now());
}

static void draw(uv_timer_t *timer)
{
    struct terminal_progress *p = timer->data;
    buf_reset(&p->text);
    p->rc = erase(p);
    p->each(p->run, see, p);
    show(p);
}

struct terminal_progress *terminal_progress_open(uv_loop_t *loop, fetch_each_fn *each,
                                                 const void *run)
{
    struct terminal_progress *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->each = each;
    p->run = run;
    p->timer.data = p;
    buf_init(&p->text, (size_t)64 << 10);
    if (uv_timer_init(loop, &p->timer) != 0) {
        free(p);
        return NULL;
    }
    (void)uv_timer_start(&p->timer, draw, EVERY_MS, EVERY_MS);
    uv_unref((uv_handle_t *)&p->timer);
    return p;
}

void terminal_progress_clear(struct terminal_progress *p)
{
    if (p == NULL || p->lines == 0)
        return;
    buf_reset(&p->text);
    if (erase(p) == OK)
        show(p);
}

static void on_closed(uv_handle_t *handle)
{
    struct terminal_progress *p = handle->data;
    buf_free(&p->text);
    free(p);
}

void terminal_progress_close(struct terminal_progress *p)
{
    if (p == NULL)
        return;
    terminal_progress_clear(p);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}
