#include "spool/status/monitor.h"

#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/log/secret.h"
#include "shared/time/when.h"
#include "spool/status/health.h"
#include "spool/status/run_json.h"
#include "spool/status/status_json.h"
#include "spool/status/status_page.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STALE_LEAST (600 * WHEN_SECOND) /* of the default that --every gives */
#define INTERVALS   3

struct monitor {
    struct monitor_conf conf;
    struct health_conf health_conf;
    struct status_watch *watch; /* NULL: not looked yet, or there is no spool */
    bool looked;
    int64_t looked_at;       /* when_tick() */
    enum err_code status_rc; /* how that went */
    struct health health;
    struct health_last *lasts;
    size_t lasts_count;
    struct http_server *http_server;
    struct secret *token;
    const char *file;  /* of --metrics-file; NULL: none is wanted */
    char dir[IO_PATH]; /* of the file */
    struct err keep;   /* why what stands in the file's place stays there; OK: it may be replaced */
};

/* ---- looking ---- */

static enum err_code read_status(struct monitor *b, struct err *e)
{
    struct status_conf conf = {.options = b->conf.options,
                               .named = b->conf.staying,
                               .catalog = b->conf.side == RUN_HISTORY_EXTRACT};
    enum err_code rc = OK;
    if (b->conf.spool == NULL)
        return err_set(e, ERR_NO_SPOOL, "the spool is away");
    if (b->watch == NULL)
        rc = status_open(&b->watch, b->conf.spool, &conf, e);
    return rc == OK ? status_look(b->watch, e) : rc;
}

static void refresh(struct monitor *b)
{
    struct err e = ERR_INIT;
    if (b->conf.look != NULL)
        b->conf.look(b->conf.ctx);
    if (!b->looked || when_tick() - b->looked_at >= MONITOR_FRESH) {
        b->status_rc = read_status(b, &e);
        b->looked = true;
        b->looked_at = when_tick();
        if (b->status_rc != OK)
            LOG(LOG_WARN, "status", "the spool's status cannot be read", F_ERR(&e));
    }
    if (b->status_rc != OK)
        health_unreadable(&b->health, b->status_rc);
    else
        health_check(&b->health, &b->health_conf, status_of(b->watch), b->lasts, b->lasts_count);
}

/* Returns the table's entry, a new one if necessary; NULL: out of memory. */
static struct health_last *last_of(struct monitor *b, const char *table)
{
    size_t i = 0;
    while (i < b->lasts_count && strcmp(b->lasts[i].table, table) != 0)
        i++;
    if (i == b->lasts_count) {
        struct health_last *more = reallocarray(b->lasts, i + 1, sizeof *more);
        if (more == NULL)
            return NULL;
        b->lasts = more;
        b->lasts[b->lasts_count++] = (struct health_last){.none = true};
        memcpy(b->lasts[i].table, table, strnlen(table, NAMES_TABLE_MAX));
    }
    return &b->lasts[i];
}

void monitor_ended(struct monitor *b, const char *table, enum err_code code)
{
    struct health_last *last = b != NULL ? last_of(b, table) : NULL;
    if (b != NULL)
        b->looked = false;
    if (last == NULL)
        return;
    last->code = code;
    last->none = false;
    last->trying = OK;
}

void monitor_trying(struct monitor *b, const char *table, enum err_code code)
{
    struct health_last *last = b != NULL ? last_of(b, table) : NULL;
    if (last != NULL)
        last->trying = code;
}

void monitor_spool(struct monitor *b, const struct spool *s)
{
    if (b == NULL)
        return;
    status_close(b->watch);
    b->watch = NULL;
    b->looked = false;
    b->conf.spool = s;
}

/* ---- what is shown ---- */

static void count_verdict(const struct monitor *b)
{
    struct metrics *m = b->conf.metrics;
    metrics_clear(m, b->conf.verdict);
    for (size_t i = 0; i < b->health.count; i++)
        metrics_set(m, b->conf.verdict, b->health.reasons[i].table,
                    health_word(b->health.reasons[i].code), 1);
    metrics_set(m, b->conf.verdict_exit, NULL, NULL, err_exit(b->health.gravest));
}

static enum err_code render(struct monitor *b, struct buf *to)
{
    if (b->conf.answer != NULL) {
        b->conf.collect(b->conf.ctx, NULL);
        return metrics_render(b->conf.metrics, to);
    }
    refresh(b);
    b->conf.collect(b->conf.ctx, b->status_rc == OK ? status_of(b->watch) : NULL);
    count_verdict(b);
    return metrics_render(b->conf.metrics, to);
}

static enum err_code show_metrics(struct monitor *b, struct http_server_reply *r)
{
    enum err_code rc = render(b, &r->body);
    r->type = "text/plain; version=0.0.4; charset=utf-8";
    return rc == OK ? metrics_process(&r->body) : rc;
}

static enum err_code show_health(struct monitor *b, struct http_server_reply *r)
{
    refresh(b);
    r->status = b->health.total == 0 ? 200 : 503;
    enum err_code rc = health_line(&r->body, &b->health, &b->health_conf);
    return rc == OK ? buf_addc(&r->body, '\n') : rc;
}

static enum err_code show_json(struct monitor *b, struct http_server_reply *r)
{
    static const struct status nothing = {.breaker_until = WHEN_NONE, .next_run = WHEN_NONE};
    struct status_view view = {.program = b->conf.side == RUN_HISTORY_EXTRACT ? "extract" : "load",
                               .stale_after = b->health_conf.stale_after,
                               .interval = b->conf.interval,
                               .no_run = b->conf.unseen,
                               .health = &b->health};
    struct status s = nothing;
    refresh(b);
    if (b->status_rc == OK)
        s = *status_of(b->watch);
    else
        s.at = when_now();
    r->type = "application/json";
    return status_json(&r->body, &s, &view);
}

static enum err_code show_runs(struct monitor *b, struct http_server_reply *r)
{
    refresh(b);
    r->type = "application/json";
    enum err_code rc = buf_adds(&r->body, "{\"netty_runs\":1,\"tables\":");
    if (rc != OK)
        return rc;
    rc = b->status_rc == OK ? run_json_tables(&r->body, b->conf.spool, status_of(b->watch))
                            : buf_adds(&r->body, "[]");
    return rc == OK ? buf_adds(&r->body, "}\n") : rc;
}

static enum err_code show_page(struct http_server_reply *r)
{
    r->type = "text/html; charset=utf-8";
    return status_page_render(&r->body, r->nonce, NULL);
}

bool monitor_answer(struct monitor *b, const char *path, struct http_server_reply *r)
{
    enum err_code rc;
    if (strcmp(path, "/healthz") == 0)
        rc = show_health(b, r);
    else if (strcmp(path, "/status.json") == 0)
        rc = show_json(b, r);
    else if (strcmp(path, "/runs.json") == 0)
        rc = show_runs(b, r);
    else if (strcmp(path, "/") == 0)
        rc = show_page(r);
    else
        return false;
    if (rc != OK) {
        buf_reset(&r->body);
        r->status = 500;
    }
    return true;
}

static bool answer(void *ctx, const char *path, struct http_server_reply *r)
{
    struct monitor *b = ctx;
    if (strcmp(path, "/metrics") == 0) {
        if (show_metrics(b, r) != OK) {
            buf_reset(&r->body);
            r->status = 500;
        }
        return true;
    }
    return b->conf.answer != NULL ? b->conf.answer(b->conf.ctx, path, r)
                                  : monitor_answer(b, path, r);
}

static enum err_code ask_for_run(struct monitor *b, const char *table, char id[RUN_REQUEST_ID],
                                 struct err *e)
{
    if (b->conf.run != NULL)
        return b->conf.run(b->conf.run_ctx, table, id, e);
    if (b->conf.spool == NULL)
        return err_set(e, ERR_NO_SPOOL, "the spool is away");
    return run_request_leave(b->conf.spool, table, id, e);
}

/* Answers 202 with the run's id, 409 while a run is under way, 404 for an unknown table. */
static void post(void *ctx, const char *table, struct http_server_reply *r)
{
    struct monitor *b = ctx;
    struct err e = ERR_INIT;
    char id[RUN_REQUEST_ID];
    enum err_code rc = ask_for_run(b, table, id, &e);
    r->status = rc == OK ? 202 : rc == ERR_BUSY ? 409 : rc == ERR_USAGE ? 404 : 500;
    LOG(LOG_INFO, "run-asked", "a run was asked for", F_STR("table", table),
        F_INT("status", r->status), F_STR("run", rc == OK ? id : ""));
    if (rc == OK) {
        r->type = "application/json";
        rc = buf_addf(&r->body, "{\"run\":\"%s\"}\n", id);
    } else {
        rc = buf_addf(&r->body, "%s\n", e.msg);
    }
    if (rc != OK)
        buf_reset(&r->body); /* the status says it too */
}

/* The page without data is public: it asks for the token. */
static void door(void *ctx, const char *path, struct http_server_reply *r)
{
    struct monitor *b = ctx;
    if (b->conf.door != NULL)
        b->conf.door(b->conf.ctx, path, r);
    else if (show_page(r) != OK)
        buf_reset(&r->body);
}

/* ---- the metrics' file ---- */

/* Writes the file of metrics with mode 0644, because node exporter's textfile collector reads it as another user; it has counts and
 * table names. process_* are left out, because node exporter has metrics of these names itself. */
static enum err_code write_file(struct monitor *b, struct err *e)
{
    struct buf text;
    const char *slash = strrchr(b->file, '/');
    buf_init(&text, METRICS_TEXT);
    b->looked = false;
    enum err_code rc = render(b, &text);
    if (rc != OK)
        (void)buf_err(e, rc, &text, "the metrics");
    else
        rc = io_publish(b->dir, slash != NULL ? slash + 1 : b->file, text.data, text.len, e);
    buf_free(&text);
    return rc;
}

int monitor_done(struct monitor *b, size_t exit_meter, int code)
{
    struct err e = b->keep;
    metrics_set(b->conf.metrics, exit_meter, NULL, NULL, code);
    if (b->file == NULL || (e.code == OK && write_file(b, &e) == OK))
        return code;
    LOG(LOG_ERROR, "metrics", "the metrics cannot be written", F_ERR(&e),
        F_STR("setting", options_origin(b->conf.options, OPT_METRICS_FILE)));
    return exit_graver(code, err_exit(e.code));
}

/* Is it what a power failure may leave of a file: nothing, or zeros? */
static bool is_garbage(const struct buf *text)
{
    return text->len == 0 || memchr(text->data, 0, text->len) != NULL;
}

/* Lets the counters go on from those in the file, which is replaced later. The other program's file, a device, or any other text is
 * left alone. */
static void resume(struct monitor *b)
{
    const char *mark =
        b->conf.side == RUN_HISTORY_EXTRACT ? "# HELP netty_extract_" : "# HELP netty_load_";
    struct buf text;
    struct stat st;
    if (stat(b->file, &st) != 0)
        return; /* it is not there yet; other errors show when it is written */
    if (!S_ISREG(st.st_mode)) {
        err_set(&b->keep, ERR_CONFIG, "%.200s is no regular file", b->file);
        return;
    }
    buf_init(&text, METRICS_TEXT);
    if (io_read_file(b->file, &text, NULL) == OK && !is_garbage(&text)) {
        if (memmem(text.data, text.len, mark, strlen(mark)) == NULL)
            err_set(&b->keep, ERR_CONFIG,
                    "%.200s is there and does not hold this program's metrics, and would be "
                    "replaced; name another file (each program needs one of its own)",
                    b->file);
        else
            metrics_resume(b->conf.metrics, text.data, text.len);
    }
    buf_free(&text);
}

/* A wrong file of metrics does not stop the copy: it is a warning now, and an error with its code when the work is done. */
static enum err_code open_file(struct monitor *b, struct err *e)
{
    b->file = options_text(b->conf.options, OPT_METRICS_FILE);
    if (b->file == NULL)
        return OK;
    const char *origin = options_origin(b->conf.options, OPT_METRICS_FILE);
    const char *slash = strrchr(b->file, '/');
    size_t n = slash == NULL ? 1 : (size_t)(slash - b->file + 1);
    if (n >= sizeof b->dir || (slash != NULL && slash[1] == 0))
        return err_set(e, ERR_CONFIG, "%s: '%.200s' is no file's name", origin, b->file);
    memcpy(b->dir, slash == NULL ? "." : b->file, n);
    b->dir[n] = 0;
    struct err trouble = ERR_INIT;
    if (access(b->dir, W_OK | X_OK) != 0)
        err_sys(&trouble, ERR_CREATE, "cannot write into the folder %s", b->dir);
    else
        resume(b);
    if (b->keep.code != OK)
        trouble = b->keep;
    if (trouble.code != OK)
        LOG(LOG_WARN, "metrics", "the metrics will not be written", F_ERR(&trouble),
            F_STR("setting", origin));
    return OK;
}

/* ---- settings ---- */

static enum err_code read_token(struct monitor *b, struct err *e)
{
    const struct options *o = b->conf.options;
    const char *file = options_text(o, OPT_LISTEN_TOKEN_FILE);
    if (getenv("NETTY_LISTEN_TOKEN") != NULL || file == NULL)
        return secret_from_env(&b->token, "NETTY_LISTEN_TOKEN", e);
    return secret_from_file(&b->token, file, options_origin(o, OPT_LISTEN_TOKEN_FILE), e);
}

static enum err_code listen_if_asked(struct monitor *b, struct err *e)
{
    const struct options *o = b->conf.options;
    const char *text = options_text(o, OPT_LISTEN);
    struct http_server_conf conf = {
        .fn = answer, .door = door, .post = post, .post_path = "/run", .ctx = b};
    if (text == NULL)
        return OK;
    const char *origin = options_origin(o, OPT_LISTEN);
    enum err_code bad = origin[0] == '-' ? ERR_USAGE : ERR_CONFIG;
    if (!b->conf.staying && bad == ERR_USAGE)
        return err_set(
            e, ERR_USAGE,
            "--listen is for a program that stays: give --every%s too, or --metrics-file "
            "instead",
            b->conf.side == RUN_HISTORY_LOAD ? " or --follow" : "");
    if (!b->conf.staying) {
        LOG(LOG_DEBUG, "listen", "a run that ends listens to nobody", F_STR("setting", origin));
        return OK;
    }
    enum err_code rc = http_server_address(text, origin, bad, &conf.address, e);
    if (rc != OK || (rc = read_token(b, e)) != OK)
        return rc;
    conf.token = b->token;
    if ((rc = http_server_open(&b->http_server, b->conf.loop, &conf, e)) == OK)
        LOG(LOG_INFO, "listen", "listening for /metrics, /healthz and the status page",
            F_STR("address", http_server_name(b->http_server)));
    return rc;
}

enum err_code monitor_open(struct monitor **out, const struct monitor_conf *conf, struct err *e)
{
    struct monitor *b = calloc(1, sizeof *b);
    *out = NULL;
    if (b == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    b->conf = *conf;
    int64_t stale = health_stale_after(conf->options);
    if (!options_given(conf->options, OPT_STALE_AFTER) && conf->interval > 0)
        stale = INTERVALS * conf->interval > STALE_LEAST ? INTERVALS * conf->interval : STALE_LEAST;
    b->health_conf =
        (struct health_conf){.side = conf->side, .stale_after = stale, .since = when_now()};
    enum err_code rc = conf->unseen ? OK : open_file(b, e);
    if (rc == OK && !conf->unseen)
        rc = listen_if_asked(b, e);
    if (rc != OK) {
        monitor_close(b);
        return rc;
    }
    *out = b;
    return OK;
}

bool monitor_well(struct monitor *b)
{
    refresh(b);
    return b->health.gravest == OK;
}

void monitor_quit(struct monitor *b)
{
    if (b == NULL)
        return;
    http_server_close(b->http_server);
    b->http_server = NULL;
}

void monitor_close(struct monitor *b)
{
    if (b == NULL)
        return;
    monitor_quit(b);
    status_close(b->watch);
    secret_free(b->token);
    free(b->lasts);
    free(b);
}
