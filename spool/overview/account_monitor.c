#include "spool/overview/account_monitor.h"

#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/overview/overview_json.h"
#include "spool/status/health.h"
#include "spool/status/status_page.h"
#include <stdlib.h>
#include <string.h>

#define SECONDS(us)  ((double)(us) / (double)WHEN_SECOND)
#define HEALTH_LINES 64

struct seen {
    struct overview_row row; /* account NULL: it has had no turn */
    int64_t ended;
    int turn; /* the last turn's code */
    int code; /* the graver of the verdict's and of a turn that failed */
    char says[TURN_SAYS];
};

struct account_monitor {
    struct account_monitor_conf conf;
    struct metrics *metrics;
    struct monitor *monitor;
    struct seen *list;
    size_t count;
    const struct seen **order; /* the worst first */
};

/* ---- one account's row ---- */

static void set(const struct account_monitor *m, enum account_metric metric, const char *account,
                double value)
{
    metrics_set(m->metrics, metric, account, NULL, value);
}

static void set_metrics(const struct account_monitor *m, const struct seen *s,
                        const struct account_turn *turn)
{
    const char *name = s->row.account;
    int64_t to = m->conf.side == RUN_HISTORY_EXTRACT ? s->row.complete_to : s->row.loaded_to;
    for (size_t i = 0; i < TURN_COUNTS; i++)
        metrics_add(m->metrics, ACCOUNT_METRIC_COUNT + i, name, NULL, (double)turn->counts[i]);
    set(m, ACCOUNT_METRIC_DURATION, name, SECONDS(turn->elapsed));
    set(m, ACCOUNT_METRIC_TIMESTAMP, name, SECONDS(turn->ended));
    set(m, ACCOUNT_METRIC_SUCCESS, name, turn->code == 0);
    if (to != WHEN_NONE)
        set(m, ACCOUNT_METRIC_COMPLETE_TO, name, SECONDS(to));
    set(m, ACCOUNT_METRIC_SET_ASIDE, name, (double)s->row.set_aside);
    set(m, ACCOUNT_METRIC_ACCOUNT_EXIT, name, turn->code);
    set(m, ACCOUNT_METRIC_ACCOUNT_VERDICT, name, s->code);
}

/* What is set aside has its count; what is throttled or interrupted goes on by itself. */
static bool passes(int code)
{
    return code == 0 || code == err_exit(ERR_SET_ASIDE) || code == err_exit(ERR_BUSY);
}

void account_monitor_ended(struct account_monitor *m, size_t i, const struct account_turn *turn)
{
    struct err e = ERR_INIT;
    if (m == NULL)
        return;
    struct seen *s = &m->list[i];
    overview_row_free(&s->row);
    if (overview_row_look(&s->row, m->conf.options, i, &e) != OK)
        LOG(LOG_WARN, "status", "the spool's status cannot be read", F_ERR(&e));
    s->ended = turn->ended;
    s->turn = turn->code;
    s->code = err_exit(s->row.code);
    (void)snprintf(s->says, sizeof s->says, "%.*s", (int)sizeof s->says - 1, s->row.says);
    /* A spool that never held anything tells of no failure; the turn does. */
    if (!passes(turn->code) && exit_graver(s->code, turn->code) != s->code) {
        s->code = turn->code;
        s->row.verdict = health_word(HEALTH_FAILING);
        memcpy(s->says, turn->says, sizeof s->says);
    }
    set_metrics(m, s, turn);
}

/* ---- all of them ---- */

/* An account without a turn yet is neither good nor bad, and stands last. */
static int by_worst(const void *x, const void *y)
{
    const struct seen *a = *(const struct seen *const *)x;
    const struct seen *b = *(const struct seen *const *)y;
    if (a->row.account == NULL || b->row.account == NULL)
        return (a->row.account == NULL) - (b->row.account == NULL);
    if (a->code != b->code)
        return exit_graver(a->code, b->code) == a->code ? -1 : 1;
    return overview_row_by_worst(&a->row, &b->row);
}

static int gravest(const struct account_monitor *m)
{
    int worst = 0;
    for (size_t i = 0; i < m->count; i++)
        worst = exit_graver(worst, m->list[i].code);
    return worst;
}

static void collect(void *ctx, const struct status *s)
{
    const struct account_monitor *m = ctx;
    (void)s;
    metrics_set(m->metrics, ACCOUNT_METRIC_VERDICT, NULL, NULL, gravest(m));
}

static enum err_code show_health(const struct account_monitor *m, struct http_server_reply *r)
{
    enum err_code rc = OK;
    size_t told = 0;
    qsort(m->order, m->count, sizeof(const struct seen *), by_worst);
    for (size_t i = 0; rc == OK && i < m->count && told < HEALTH_LINES; i++) {
        const struct seen *s = m->order[i];
        if (s->code == 0)
            break;
        rc = buf_addf(&r->body, "%s: %s\n", s->row.account, s->says);
        told++;
    }
    r->status = told > 0 ? 503 : 200;
    return rc == OK && told == 0 ? buf_adds(&r->body, "ok\n") : rc;
}

static enum err_code accounts_json(const struct account_monitor *m, struct buf *b)
{
    struct overview_shown *shown = calloc(m->count, sizeof *shown);
    if (shown == NULL)
        return ERR_NOMEM;
    qsort(m->order, m->count, sizeof(const struct seen *), by_worst);
    for (size_t i = 0; i < m->count; i++) {
        const struct seen *s = m->order[i];
        shown[i] = (struct overview_shown){
            .account = options_account_name(m->conf.options, (size_t)(s - m->list)),
            .row = s->row.account != NULL ? &s->row : NULL,
            .code = s->code,
            .says = s->says,
            .last_code = s->turn,
            .ended = s->ended};
    }
    enum err_code rc = overview_json(b, m->conf.side == RUN_HISTORY_EXTRACT ? "extract" : "load",
                                     health_stale_after(m->conf.options), shown, m->count);
    free(shown);
    return rc;
}

/* ---- one account's own page ---- */

static void no_collect(void *ctx, const struct status *s)
{
    (void)ctx;
    (void)s;
}

static bool show_own(const struct account_monitor *m, const struct options *own, const char *path,
                     struct http_server_reply *r)
{
    struct spool *spool = NULL;
    struct monitor *monitor = NULL;
    struct err e = ERR_INIT;
    bool known = true;
    if (spool_open(&spool, options_text(own, OPT_SPOOL), SPOOL_LOOK, &e) != OK)
        spool = NULL; /* the page says so */
    const struct monitor_conf conf = {.options = own,
                                      .loop = m->conf.loop,
                                      .spool = spool,
                                      .side = m->conf.side,
                                      .unseen = true,
                                      .collect = no_collect};
    if (monitor_open(&monitor, &conf, &e) == OK)
        known = monitor_answer(monitor, path, r);
    else
        r->status = 500;
    monitor_close(monitor);
    spool_close(spool);
    return known;
}

/* "/lyon/status.json": lyon's /status.json. */
static bool answer_own(const struct account_monitor *m, const char *path,
                       struct http_server_reply *r)
{
    struct options *own = NULL;
    struct err e = ERR_INIT;
    const char *rest = strchr(path + 1, '/');
    size_t n = rest != NULL ? (size_t)(rest - path - 1) : 0;
    size_t i = 0;
    while (i < m->count && (strncmp(options_account_name(m->conf.options, i), path + 1, n) != 0 ||
                            options_account_name(m->conf.options, i)[n] != '\0'))
        i++;
    if (rest == NULL || i == m->count)
        return false;
    if (options_for_account(&own, m->conf.options, i, &e) != OK) {
        r->status = 500;
        return buf_addf(&r->body, "%s\n", e.msg) == OK;
    }
    bool known = show_own(m, own, rest, r);
    options_free(own);
    return known;
}

static bool answer(void *ctx, const char *path, struct http_server_reply *r)
{
    const struct account_monitor *m = ctx;
    enum err_code rc;
    if (strcmp(path, "/healthz") == 0) {
        rc = show_health(m, r);
    } else if (strcmp(path, "/accounts.json") == 0) {
        r->type = "application/json";
        rc = accounts_json(m, &r->body);
    } else if (strcmp(path, "/") == 0) {
        r->type = "text/html; charset=utf-8";
        rc = status_page_accounts(&r->body, r->nonce, NULL);
    } else {
        return answer_own(m, path, r);
    }
    if (rc != OK) {
        buf_reset(&r->body);
        r->status = 500;
    }
    return true;
}

/* Who has no token is not told which accounts there are. */
static void door(void *ctx, const char *path, struct http_server_reply *r)
{
    (void)ctx;
    r->type = "text/html; charset=utf-8";
    enum err_code rc = strcmp(path, "/") == 0 ? status_page_accounts(&r->body, r->nonce, NULL)
                                              : status_page_render(&r->body, r->nonce, NULL);
    if (rc != OK)
        buf_reset(&r->body);
}

static enum err_code ask(void *ctx, const char *table, char id[RUN_REQUEST_ID], struct err *e)
{
    const struct account_monitor *m = ctx;
    if (table[0] != '\0')
        return err_set(e, ERR_USAGE, "a table is asked for at one account: name none");
    enum err_code rc = run_request_draw(id, e);
    return rc == OK ? account_turns_ask(m->conf.turns, e) : rc;
}

/* ---- beginning and end ---- */

static enum err_code open_monitor(struct account_monitor *m, struct err *e)
{
    const struct options *o = m->conf.options;
    bool follow = options_int(o, OPT_FOLLOW) != 0;
    bool every = options_given(o, OPT_EVERY) && !follow;
    const struct monitor_conf conf = {.options = o,
                                      .loop = m->conf.loop,
                                      .side = m->conf.side,
                                      .staying = every || follow,
                                      .interval = every ? options_int(o, OPT_EVERY) : 0,
                                      .collect = collect,
                                      .answer = answer,
                                      .door = door,
                                      .ctx = m,
                                      .run = ask,
                                      .run_ctx = m};
    m->count = options_accounts(o);
    m->list = calloc(m->count, sizeof *m->list);
    m->order = calloc(m->count, sizeof(const struct seen *));
    if (m->list == NULL || m->order == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    for (size_t i = 0; i < m->count; i++)
        m->order[i] = &m->list[i];
    enum err_code rc = metrics_open(&m->metrics, m->conf.defs, ACCOUNT_METRICS, e);
    if (rc != OK)
        return rc;
    metrics_set(m->metrics, ACCOUNT_METRIC_BUILD, NETTY_VERSION, NULL, 1);
    struct monitor_conf with = conf;
    with.metrics = m->metrics;
    return monitor_open(&m->monitor, &with, e);
}

enum err_code account_monitor_open(struct account_monitor **out,
                                   const struct account_monitor_conf *conf, struct err *e)
{
    const struct options *o = conf->options;
    *out = NULL;
    if (!options_given(o, OPT_METRICS_FILE) && !options_given(o, OPT_LISTEN) &&
        !options_given(o, OPT_PING_URL))
        return OK;
    struct account_monitor *m = calloc(1, sizeof *m);
    if (m == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    m->conf = *conf;
    enum err_code rc = open_monitor(m, e);
    bool seen = options_given(o, OPT_METRICS_FILE) || options_given(o, OPT_PING_URL) ||
                options_given(o, OPT_EVERY) || options_int(o, OPT_FOLLOW) != 0;
    if (rc != OK || !seen) /* who ends after one round listens to nobody */
        account_monitor_close(m);
    else
        *out = m;
    return rc;
}

bool account_monitor_well(const struct account_monitor *m)
{
    return m == NULL || gravest(m) == 0;
}

int account_monitor_round(struct account_monitor *m, int code)
{
    return m != NULL ? monitor_done(m->monitor, ACCOUNT_METRIC_EXIT, code) : code;
}

void account_monitor_quit(struct account_monitor *m)
{
    if (m != NULL)
        monitor_quit(m->monitor);
}

void account_monitor_close(struct account_monitor *m)
{
    if (m == NULL)
        return;
    monitor_close(m->monitor);
    metrics_close(m->metrics);
    for (size_t i = 0; m->list != NULL && i < m->count; i++)
        overview_row_free(&m->list[i].row);
    free(m->list);
    free(m->order);
    free(m);
}
