#include "shared/cli/account_turns.h"
#include "shared/cli/reload.h"
#include "shared/cli/stop_signals.h"
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

/* Where one account after the other is open. */
struct place {
    struct account_turns *turns;
    unsigned jobs;
    bool taken;
    int64_t begun;
    size_t account;
    struct options *options;
    void *run;
    uv_poll_t poll;   /* the account's loop has something to do, */
    uv_timer_t timer; /* ... or will have at that time */
};

struct account_turns {
    const struct options *options;
    const struct account_program *program;
    void *ctx;
    uv_loop_t loop;
    struct stop_signals *stop;
    uv_timer_t pause; /* until the next account may begin, or the next round */
    struct place *places;
    size_t place_count;
    struct account_turn *list; /* one an account */
    size_t count;
    size_t next;   /* of the accounts, in this round */
    size_t turned; /* turns that have ended since the last round did */
    size_t open;   /* places that are taken */
    int64_t begun; /* when the last account did */
    int64_t every; /* microseconds; 0: once */
    int64_t first; /* when the first round began */
    bool follow;
    bool waits; /* for the next round; with --follow turns of the last one may still be open */
    bool asked; /* somebody asked for this round */
    bool stopping;
    bool over;
    int code;
    struct err err;
};

static void begin_some(struct account_turns *t);
static void on_loop(uv_poll_t *poll, int status, int events);
static void on_timer(uv_timer_t *timer);

void account_turn_failed(struct account_turn *turn, const struct err *why)
{
    int code = err_exit(why->code);
    if (turn->says[0] == '\0' || exit_graver(turn->code, code) != turn->code)
        (void)snprintf(turn->says, sizeof turn->says, "%s", why->msg);
    turn->code = exit_graver(turn->code, code);
}

/* ---- the end ---- */

static void wind_down(struct account_turns *t)
{
    if (t->over)
        return;
    t->over = true;
    stop_signals_close(t->stop);
    t->stop = NULL;
    if (t->program->end != NULL)
        t->program->end(t->ctx);
    for (size_t i = 0; i < t->place_count; i++)
        uv_close((uv_handle_t *)&t->places[i].timer, NULL);
    uv_close((uv_handle_t *)&t->pause, NULL);
}

/* ---- a round ---- */

static enum err_code add_row(const struct account_turns *t, size_t i, struct summary *summary,
                             struct err *e)
{
    const struct account_turn *turn = &t->list[i];
    struct cell cells[TURN_COUNTS + 6] = {
        {.name = "account", .type = CELL_STR, .str = options_account_name(t->options, i)},
        {.name = "code", .type = CELL_INT, .num = turn->code},
        {.name = "tables", .type = CELL_INT, .num = (int64_t)turn->tables},
        {.name = "failed", .type = CELL_INT, .num = (int64_t)turn->failed},
    };
    size_t n = 4;
    for (size_t k = 0; k < TURN_COUNTS && t->program->counts[k] != NULL; k++)
        cells[n++] =
            (struct cell){.name = t->program->counts[k], .type = CELL_INT, .num = turn->counts[k]};
    cells[n++] = (struct cell){.name = "seconds", .type = CELL_SECONDS, .num = turn->elapsed};
    cells[n++] = (struct cell){.name = "says", .type = CELL_STR, .str = turn->says};
    return summary_row(summary, cells, n, e);
}

static enum err_code print(const struct account_turns *t, struct err *e)
{
    struct summary *summary = NULL;
    enum err_code rc = summary_open(&summary, options_int(t->options, OPT_JSON) != 0, e);
    for (size_t i = 0; rc == OK && i < t->count; i++)
        rc = add_row(t, i, summary, e);
    if (rc == OK)
        rc = summary_print(summary, stdout, e);
    summary_close(summary);
    return rc;
}

static void forget(struct account_turns *t)
{
    memset(t->list, 0, t->count * sizeof *t->list);
    for (size_t i = 0; i < t->count; i++)
        t->list[i].ended = WHEN_NONE;
}

static void begin_round(struct account_turns *t)
{
    if (!t->follow)
        forget(t);
    t->next = 0;
    t->waits = false;
    begin_some(t);
}

static void on_round(uv_timer_t *timer)
{
    struct account_turns *t = timer->data;
    if (t->follow || t->program->before == NULL || !t->program->before(t->ctx))
        begin_round(t);
}

void account_turns_go(struct account_turns *t)
{
    if (t->stopping || t->over)
        return;
    if (!t->waits)
        begin_some(t);
    else if (!t->follow)
        begin_round(t);
}

/* At the first multiple of the interval that is still to come; with --follow soon, and in silence. */
static void schedule(struct account_turns *t)
{
    if (t->follow) {
        t->waits = true;
        uv_update_time(&t->loop);
        (void)uv_timer_start(&t->pause, on_round, TURN_LOOK / 1000, 0);
        return;
    }
    char at[WHEN_TEXT];
    int64_t wait = t->every - (when_tick() - t->first) % t->every;
    LOG(LOG_INFO, "wait", "waiting for the next run",
        F_STR("next", when_iso(when_now() + wait, at)));
    t->waits = true;
    uv_update_time(&t->loop);
    (void)uv_timer_start(&t->pause, on_round, (uint64_t)((wait + 999) / 1000), 0);
}

static void end_round(struct account_turns *t)
{
    const struct err stopped = {.code = ERR_INTERRUPTED,
                                .msg = "a signal asked to stop before the account's turn"};
    bool last = t->stopping || (t->every == 0 && !t->follow);
    for (; !t->follow && t->next < t->count; t->next++)
        account_turn_failed(&t->list[t->next], &stopped);
    t->code = 0;
    for (size_t i = 0; i < t->count; i++)
        t->code = exit_graver(t->code, t->list[i].code);
    if (t->program->round != NULL && (t->turned > 0 || !t->follow))
        t->code = t->program->round(t->ctx, t->code);
    t->turned = 0;
    t->asked = false;
    if ((last || !t->follow) && print(t, &t->err) != OK)
        last = true;
    if (last)
        wind_down(t);
    else
        schedule(t);
}

/* ---- an account's turn ---- */

/* With --follow all of an account's turns are one long run. */
static void sum_up(struct account_turns *t, size_t i, const struct account_turn *turn)
{
    struct account_turn all = *turn;
    const struct account_turn *before = &t->list[i];
    for (size_t k = 0; k < TURN_COUNTS && t->follow; k++)
        all.counts[k] += before->counts[k];
    if (t->follow)
        all.elapsed += before->elapsed;
    if (t->follow && t->stopping && turn->code == err_exit(ERR_INTERRUPTED))
        all.code = 0;
    t->list[i] = all;
}

static void end_turn(struct place *p, struct account_turn *turn)
{
    struct account_turns *t = p->turns;
    turn->ended = when_now();
    turn->elapsed = when_tick() - p->begun;
    t->turned++;
    sum_up(t, p->account, turn);
    LOG(turn->code == 0 ? LOG_INFO : LOG_WARN, "account",
        turn->code == 0 ? "the account's turn is over" : "the account's turn has failed",
        F_INT("code", turn->code), F_INT("tables", turn->tables), F_INT("failed", turn->failed),
        F_SECONDS("seconds", turn->elapsed), F_STR("error", turn->says));
    if (t->program->ended != NULL)
        t->program->ended(t->ctx, p->account, p->options, turn);
    options_free(p->options);
    p->options = NULL;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct place *p = handle->data;
    struct account_turns *t = p->turns;
    p->taken = false;
    t->open--;
    begin_some(t);
}

static void leave(struct place *p)
{
    struct account_turns *t = p->turns;
    (void)uv_timer_stop(&p->timer);
    uv_close((uv_handle_t *)&p->poll, on_poll_closed);
    struct account_turn turn = {0};
    t->program->close(p->run, &turn);
    end_turn(p, &turn);
}

/* Does what the account's loop has to do now. */
static void turn(struct place *p)
{
    struct account_turns *t = p->turns;
    uv_loop_t *loop = t->program->loop(p->run);
    log_account(options_account_name(t->options, p->account));
    if (uv_run(loop, UV_RUN_NOWAIT) == 0) {
        leave(p);
    } else {
        int wait = uv_backend_timeout(loop);
        uv_update_time(&t->loop);
        if (wait < 0)
            (void)uv_timer_stop(&p->timer);
        else
            (void)uv_timer_start(&p->timer, on_timer, (uint64_t)wait, 0);
    }
    log_account(NULL);
}

static void on_loop(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    turn(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

/* The account's loop is waited for by its descriptor; it is turned once at first, for timers and what it has to register. */
static enum err_code watch(struct place *p, struct err *e)
{
    struct account_turns *t = p->turns;
    int rc = uv_poll_init(&t->loop, &p->poll, uv_backend_fd(t->program->loop(p->run)));
    if (rc != 0)
        return err_set(e, ERR_INTERNAL, "cannot wait for an account's events: %s", uv_strerror(rc));
    p->poll.data = p;
    (void)uv_poll_start(&p->poll, UV_READABLE, on_loop);
    (void)uv_timer_start(&p->timer, on_timer, 0, 0);
    p->taken = true;
    t->open++;
    return OK;
}

static void begin(struct place *p, size_t i)
{
    struct account_turns *t = p->turns;
    struct err e = ERR_INIT;
    struct account_turn turn = {0};
    p->account = i;
    p->begun = t->begun = when_tick();
    log_account(options_account_name(t->options, i));
    enum err_code rc = options_for_account(&p->options, t->options, i, &e);
    if (rc == OK && (rc = t->program->open(&p->run, t->ctx, p->options, p->jobs, &e)) == OK &&
        (rc = watch(p, &e)) != OK) {
        t->program->stop(p->run);
        (void)uv_run(t->program->loop(p->run), UV_RUN_DEFAULT);
        t->program->close(p->run, &turn);
    }
    if (rc != OK) {
        LOG(LOG_ERROR, "end", "the account's run cannot begin", F_ERR(&e));
        account_turn_failed(&turn, &e);
        end_turn(p, &turn);
    }
    log_account(NULL);
}

static struct place *free_place(struct account_turns *t)
{
    for (size_t i = 0; i < t->place_count; i++)
        if (!t->places[i].taken)
            return &t->places[i];
    return NULL;
}

static void on_pause(uv_timer_t *timer)
{
    begin_some(timer->data);
}

static bool is_open(const struct account_turns *t, size_t i)
{
    for (size_t k = 0; k < t->place_count; k++)
        if (t->places[k].taken && t->places[k].account == i)
            return true;
    return false;
}

/* With --follow an account whose turn is still open has none, and what is new meanwhile makes it due after that turn. */
static bool has_turn(const struct account_turns *t, size_t i)
{
    if (!t->follow)
        return true;
    return !is_open(t, i) && t->program->due(t->ctx, i, t->asked);
}

static bool is_ready(const struct account_turns *t, size_t i)
{
    if (t->program->ready == NULL || (t->follow && is_open(t, i)))
        return true;
    return t->program->ready(t->ctx, i, t->asked);
}

/* Finds the next account whose turn it is, if there is one in this round. False: one has to wait (program.ready). */
static bool find_next(struct account_turns *t)
{
    for (; t->next < t->count; t->next++) {
        if (!is_ready(t, t->next))
            return false;
        if (has_turn(t, t->next))
            return true;
    }
    return true;
}

/* One account, where a place is free and the one before began long enough ago. With --follow a round is over when all accounts
 * have been looked at: no account waits for one whose turn takes long. */
static void begin_some(struct account_turns *t)
{
    struct place *p = free_place(t);
    bool more = t->next < t->count && !t->stopping;
    int64_t wait = t->begun + TURN_PAUSE - when_tick();
    if (t->over || t->waits)
        return;
    if (more && p != NULL && (t->begun == 0 || wait <= 0)) {
        if (!find_next(t))
            return;
        if (t->next < t->count)
            begin(p, t->next++);
        more = t->next < t->count;
        wait = TURN_PAUSE;
    }
    if (!more && (t->open == 0 || (t->follow && !t->stopping))) {
        end_round(t);
    } else if (more && p != NULL) {
        uv_update_time(&t->loop);
        (void)uv_timer_start(&t->pause, on_pause, (uint64_t)((wait + 999) / 1000), 0);
    }
}

/* ---- signals ---- */

static void on_stop(void *ctx)
{
    struct account_turns *t = ctx;
    t->stopping = true;
    if (t->waits && !t->follow) {
        wind_down(t);
        return;
    }
    t->waits = false;
    (void)uv_timer_stop(&t->pause);
    for (size_t i = 0; i < t->place_count; i++) {
        struct place *p = &t->places[i];
        if (!p->taken || p->options == NULL)
            continue;
        log_account(options_account_name(t->options, p->account));
        t->program->stop(p->run);
        log_account(NULL);
        (void)uv_timer_start(&p->timer, on_timer, 0, 0);
    }
    begin_some(t);
}

enum err_code account_turns_ask(struct account_turns *t, struct err *e)
{
    if (!t->waits || t->stopping)
        return err_set(e, ERR_BUSY, "a run is under way");
    t->asked = true;
    (void)uv_timer_start(&t->pause, on_round, 0, 0);
    return OK;
}

static void on_user(void *ctx)
{
    struct err e = ERR_INIT;
    if (account_turns_ask(ctx, &e) == OK)
        LOG0(LOG_INFO, "run-asked", "SIGUSR1 asked for a run");
    else
        LOG(LOG_INFO, "run-asked", "SIGUSR1 asked for a run, and none is begun", F_ERR(&e));
}

/* ---- beginning ---- */

/* --jobs are the tables at a time, over all accounts: the places share them. */
static enum err_code open_places(struct account_turns *t, struct err *e)
{
    size_t jobs = (size_t)options_int(t->options, OPT_JOBS);
    size_t n = jobs < t->count ? jobs : t->count;
    t->places = calloc(n, sizeof *t->places);
    t->list = calloc(t->count, sizeof *t->list);
    if (t->places == NULL || t->list == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    for (size_t i = 0; i < n; i++) {
        struct place *p = &t->places[i];
        *p = (struct place){.turns = t, .jobs = (unsigned)(jobs / n + (i < jobs % n ? 1 : 0))};
        (void)uv_timer_init(&t->loop, &p->timer); /* cannot fail */
        p->timer.data = p;
    }
    t->place_count = n;
    return OK;
}

static enum err_code open_signals(struct account_turns *t, struct err *e)
{
    enum err_code rc = stop_signals_open(&t->stop, &t->loop, on_stop, t, e);
    if (rc != OK || (t->every == 0 && !t->follow))
        return rc;
    reload_watch(t->stop);
    return stop_signals_on_user(t->stop, on_user, t, e);
}

enum err_code account_turns_run(const struct options *o, const struct account_program *program,
                                void *ctx, int *code, struct err *e)
{
    struct account_turns t = {.options = o,
                              .program = program,
                              .ctx = ctx,
                              .count = options_accounts(o),
                              .follow = program->due != NULL && options_int(o, OPT_FOLLOW) != 0,
                              .every = options_given(o, OPT_EVERY) ? options_int(o, OPT_EVERY) : 0,
                              .first = when_tick(),
                              .err = ERR_INIT};
    if (uv_loop_init(&t.loop) != 0)
        return err_set(e, ERR_INTERNAL, "cannot set up an event loop");
    (void)uv_timer_init(&t.loop, &t.pause); /* cannot fail */
    t.pause.data = &t;
    enum err_code rc = open_places(&t, e);
    if (rc == OK)
        rc = open_signals(&t, e);
    if (rc == OK && program->begin != NULL)
        rc = program->begin(ctx, &t, &t.loop, e);
    if (rc == OK)
        forget(&t);
    if (rc == OK)
        begin_round(&t);
    else
        wind_down(&t);
    (void)uv_run(&t.loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&t.loop) != 0)
        LOG0(LOG_WARN, "loop", "something was left on the event loop");
    if (rc == OK && t.err.code != OK) {
        *e = t.err;
        rc = t.err.code;
    }
    free(t.places);
    free(t.list);
    *code = t.code;
    return rc;
}
