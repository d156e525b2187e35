#include "extract/api/rate_limit.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The slowest rate is one a second: a next turn further away than this was not written by this
 * clock. */
#define FURTHEST  (2 * WHEN_SECOND)
#define LOCK_WAIT INT64_C(3000)
#define DIGITS    20

struct rate_limit {
    uv_timer_t timer;
    char path[IO_PATH];
    int fd; /* -1: no limit */
    int64_t interval;
    struct rate_limit_turn *first;
    struct rate_limit_turn **last;
};

/* Returns 0 if the file holds no usable time: the turn then comes too early, which does no harm. */
static int64_t read_next(const struct rate_limit *p)
{
    char text[DIGITS + 1] = "";
    size_t got = 0;
    if (io_pread(p->fd, text, DIGITS, 0, &got, p->path, NULL) != OK || got != DIGITS)
        return 0;
    int64_t next = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9' || next > (INT64_MAX - 9) / 10)
            return 0;
        next = next * 10 + (text[i] - '0');
    }
    return next;
}

static void write_next(const struct rate_limit *p, int64_t next)
{
    char text[DIGITS];
    for (size_t i = DIGITS; i-- > 0; next /= 10)
        text[i] = (char)('0' + next % 10);
    if (io_pwrite(p->fd, text, DIGITS, 0, p->path, NULL) != OK)
        return; /* a full disk must not keep the last pages from being asked for */
}

int64_t rate_limit_take(struct rate_limit *p, int64_t now)
{
    if (p->fd < 0)
        return 0;
    if (flock(p->fd, LOCK_EX | LOCK_NB) != 0)
        return LOCK_WAIT;
    int64_t next = read_next(p);
    int64_t wait = next > now && next - now <= FURTHEST ? next - now : 0;
    if (wait == 0)
        write_next(p, now + p->interval);
    if (flock(p->fd, LOCK_UN) != 0)
        return LOCK_WAIT;
    return wait;
}

static void on_timer(uv_timer_t *timer);

static void wait_for(struct rate_limit *p, int64_t us)
{
    uv_update_time(p->timer.loop);
    /* It cannot fail: the callback is given and the timer is not closing. */
    (void)uv_timer_start(&p->timer, on_timer, (uint64_t)((us + 999) / 1000), 0);
}

static struct rate_limit_turn *pop(struct rate_limit *p)
{
    struct rate_limit_turn *turn = p->first;
    p->first = turn->next;
    if (p->first == NULL)
        p->last = &p->first;
    turn->next = NULL;
    turn->waiting = false;
    return turn;
}

static void on_timer(uv_timer_t *timer)
{
    struct rate_limit *p = timer->data;
    if (p->first == NULL)
        return;
    int64_t wait = rate_limit_take(p, when_now());
    if (wait > 0) {
        wait_for(p, wait);
        return;
    }
    struct rate_limit_turn *turn = pop(p);
    if (p->first != NULL)
        wait_for(p, p->interval);
    turn->go(turn->ctx); /* last: it may close this */
}

enum err_code rate_limit_open(struct rate_limit **p, uv_loop_t *loop, const char *dir,
                              unsigned rate, struct err *e)
{
    *p = NULL;
    struct rate_limit *made = calloc(1, sizeof *made);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the pace");
    made->fd = -1;
    made->last = &made->first;
    enum err_code rc = OK;
    if (rate > 0) {
        made->interval = WHEN_SECOND / rate;
        rc = io_path(made->path, dir, RATE_LIMIT_FILE, e);
        if (rc == OK)
            rc = safe_open(&made->fd, made->path, O_RDWR | O_CREAT, e);
    }
    int status = rc == OK ? uv_timer_init(loop, &made->timer) : 0;
    if (status != 0)
        rc = err_set(e, ERR_INTERNAL, "cannot set up a timer: %s", uv_strerror(status));
    if (rc != OK) {
        if (made->fd >= 0)
            (void)close(made->fd);
        free(made);
        return rc;
    }
    made->timer.data = made;
    *p = made;
    return OK;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void rate_limit_close(struct rate_limit *p)
{
    if (p == NULL)
        return;
    while (p->first != NULL)
        (void)pop(p);
    if (p->fd >= 0)
        (void)close(p->fd);
    uv_close((uv_handle_t *)&p->timer, on_closed);
}

void rate_limit_ask(struct rate_limit *p, struct rate_limit_turn *turn, rate_limit_fn *go,
                    void *ctx)
{
    bool alone = p->first == NULL;
    *turn = (struct rate_limit_turn){.go = go, .ctx = ctx, .waiting = true};
    *p->last = turn;
    p->last = &turn->next;
    if (alone)
        wait_for(p, 0);
}

void rate_limit_cancel(struct rate_limit *p, struct rate_limit_turn *turn)
{
    if (!turn->waiting)
        return;
    struct rate_limit_turn **link = &p->first;
    while (*link != turn)
        link = &(*link)->next;
    *link = turn->next;
    if (*link == NULL)
        p->last = link;
    turn->waiting = false;
}
