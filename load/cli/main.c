/* netty-load: tails the spool, upserts into PostgreSQL. */
#include "load/address/db_address.h"
#include "load/address/db_same.h"
#include "load/cli/all_accounts.h"
#include "load/cli/commands.h"
#include "load/cli/load_settings.h"
#include "load/cli/remote_pull.h"
#include "load/cli/run_now.h"
#include "load/cli/spool_wait.h"
#include "load/doctor/doctor.h"
#include "load/publish/catalog_command.h"
#include "load/replay/replay_range.h"
#include "load/run/load_run.h"
#include "shared/cli/reload.h"
#include "shared/cli/stop_signals.h"
#include "shared/cli/summary.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/options/options.h"
#include "spool/control/catalog.h"
#include "spool/store/accounts.h"
#include "spool/store/spool_libraries.h"
#include <libpq-fe.h>
#include <malloc.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct loader {
    uv_loop_t loop;
    struct options *options;
    struct spool *spool;
    struct zone *zone;
    struct stop_signals *stop;
    struct load_run *run;            /* or, instead: */
    struct catalog_command *catalog; /* --catalog */
    struct doctor *check;            /* --check */
    struct remote_pull *pull;        /* --pull, or NULL */
    struct load_run_conf conf;
    struct db *db; /* --loaded */
    struct loaded_publish *publish;
    uv_timer_t every;
    struct run_now now;
    bool json;
    bool each; /* all accounts have their turn: this is one of them */
    bool stopped;
    int code;
};

static void begin(struct loader *p);
static void on_every(uv_timer_t *timer);
static void on_pulled(void *ctx);

static int complain(const struct err *e)
{
    LOG(LOG_ERROR, "stopped", "netty-load cannot go on", F_ERR(e));
    return err_exit(e->code);
}

static void on_stop(void *ctx)
{
    struct loader *p = ctx;

    LOG0(LOG_INFO, "stopping", "asked to stop; the batch under way is finished first");
    p->stopped = true;
    remote_pull_stop(p->pull);
    if (p->run != NULL)
        load_run_stop(p->run);
    else if (p->catalog != NULL)
        catalog_command_stop(p->catalog);
    else if (p->check != NULL)
        doctor_stop(p->check);
    else if (!remote_pull_is_busy(p->pull)) /* its end is followed by that of the loop */
        uv_stop(&p->loop);
}

static bool stays(const struct loader *p)
{
    const struct options *o = p->options;
    bool once = options_int(o, OPT_CATALOG) != 0 || options_int(o, OPT_CHECK) != 0;
    return p->conf.follow || (options_given(o, OPT_EVERY) && !once);
}

/* Until the next run of --every; without --every the end. */
static void wait_or_end(struct loader *p)
{
    const struct options *o = p->options;
    bool once =
        p->conf.follow || options_int(o, OPT_CATALOG) != 0 || options_int(o, OPT_CHECK) != 0;
    int64_t every = options_given(o, OPT_EVERY) && !once ? options_int(o, OPT_EVERY) : 0;

    if (every > 0 && !stop_signals_asked(p->stop) && !db_address_refused())
        (void)uv_timer_start(&p->every, on_every, (uint64_t)(db_address_pause(every) / 1000), 0);
    else
        uv_stop(&p->loop);
}

static void on_every(uv_timer_t *timer)
{
    struct loader *p = timer->data;

    if (!remote_pull_begin(p->pull, &p->loop, true, on_pulled, p))
        on_pulled(p);
}

/* The spool may have been away since the last run, and what is there now may be another. */
static void on_pulled(void *ctx)
{
    struct loader *p = ctx;
    struct err e = ERR_INIT;

    if (stop_signals_asked(p->stop)) {
        uv_stop(&p->loop);
        return;
    }
    load_metrics_spool(p->conf.metrics, NULL);
    spool_close(p->spool);
    p->spool = NULL;
    p->code = err_exit(spool_open(&p->spool, options_text(p->options, OPT_SPOOL), SPOOL_LOOK, &e));
    p->conf.table.spool = p->spool;
    load_metrics_spool(p->conf.metrics, p->spool);
    if (p->spool != NULL) {
        begin(p);
        return;
    }
    LOG(LOG_ERROR, "away", "the spool cannot be read; the next run tries again", F_ERR(&e));
    p->code = load_metrics_done(p->conf.metrics, p->code);
    wait_or_end(p);
}

/* What a failure of the remote comes to is told at the end, for it kept nothing from being loaded. */
static void on_told(void *ctx)
{
    struct loader *p = ctx;

    p->code = exit_graver(p->code, remote_pull_code(p->pull));
    p->code = load_metrics_done(p->conf.metrics, p->code);
    load_run_close(p->run);
    p->run = NULL;
    wait_or_end(p);
}

static void on_ended(void *ctx)
{
    struct loader *p = ctx;
    struct err e = ERR_INIT;

    p->code = load_run_exit(p->run);
    if (load_run_report(p->run, stdout, p->json, &e) != OK)
        p->code = exit_graver(p->code, complain(&e));
    if (!remote_pull_begin(p->pull, &p->loop, false, on_told, p))
        on_told(p);
}

static void on_catalog(void *ctx)
{
    struct loader *p = ctx;

    p->code = catalog_command_exit(p->catalog);
    catalog_command_close(p->catalog);
    p->catalog = NULL;
    uv_stop(&p->loop);
}

static void on_checked(void *ctx)
{
    struct loader *p = ctx;
    struct err e = ERR_INIT;

    p->code = doctor_exit(p->check);
    if (doctor_report(p->check, stdout, &e) != OK)
        p->code = exit_graver(p->code, complain(&e));
    doctor_close(p->check);
    p->check = NULL;
    uv_stop(&p->loop);
}

/* It needs no spool; where there is one, its records' keys are compared with the tables'. */
static enum err_code begin_check(struct loader *p, struct err *e)
{
    const struct load_run_conf *c = &p->conf;
    struct err none = ERR_INIT;
    enum err_code rc =
        spool_open(&p->spool, options_text(p->options, OPT_SPOOL), SPOOL_LOOK, &none);
    if (rc == ERR_CONFIG) {
        *e = none;
        return rc;
    }
    if (rc != OK)
        p->spool = NULL;
    const struct doctor_conf conf = {.conninfo = c->conninfo,
                                     .schema = c->table.schema,
                                     .tables = c->tables,
                                     .count = c->count,
                                     .create = c->table.create,
                                     .views_schema = options_text(p->options, OPT_VIEWS_SCHEMA),
                                     .views = c->table.views,
                                     .json = p->json,
                                     .spool = p->spool,
                                     .config = options_config(p->options),
                                     .account = options_account(p->options),
                                     .each = p->each};
    rc = doctor_open(&p->check, &p->loop, &conf, e);

    if (rc == OK)
        doctor_start(p->check, on_checked, p);
    return rc;
}

/* ---- --loaded ---- */

static enum err_code show_loaded(const struct loader *p, struct err *e)
{
    struct summary *s = NULL;
    size_t n = 0;
    const struct loaded_row *rows = loaded_publish_rows(p->publish, &n);
    enum err_code rc = summary_open(&s, p->json, e);

    for (size_t i = 0; rc == OK && i < n; i++) {
        const struct cell cells[] = {
            {"table", CELL_STR, rows[i].table, 0},
            {"database", CELL_STR, loaded_publish_database(p->publish), 0},
            {"segment", CELL_INT, NULL, (int64_t)rows[i].place.segment},
            {"page", CELL_INT, NULL, (int64_t)rows[i].place.page},
        };
        rc = summary_row(s, cells, sizeof cells / sizeof *cells, e);
    }
    if (rc == OK)
        rc = summary_print(s, stdout, e);
    summary_close(s);
    return rc;
}

static void on_loaded(void *ctx, const struct err *err)
{
    struct loader *p = ctx;
    struct err e = ERR_INIT;

    if (err != NULL)
        p->code = complain(err);
    else if (show_loaded(p, &e) != OK)
        p->code = complain(&e);
    db_close(p->db);
    loaded_publish_free(p->publish);
    uv_stop(&p->loop);
}

static void begin_marking(struct loader *p)
{
    struct loaded_publish_conf conf = {
        .spool = p->spool, .store = !p->conf.table.dry_run, .enlist = true};
    struct err e = ERR_INIT;

    if (db_open(&p->db, &p->loop, p->conf.conninfo, &e) != OK) {
        p->code = complain(&e);
        uv_stop(&p->loop);
    } else if (loaded_publish_open(&p->publish, &p->loop, p->db, &conf, &e) != OK) {
        on_loaded(p, &e);
    } else {
        loaded_publish_run(p->publish, on_loaded, p);
    }
}

static void begin(struct loader *p)
{
    const struct load_run_conf *c = &p->conf;
    struct err e = ERR_INIT;
    enum err_code rc;

    if (options_int(p->options, OPT_LOADED) != 0) {
        begin_marking(p);
        return;
    }
    if (options_int(p->options, OPT_CHECK) != 0) {
        rc = begin_check(p, &e);
    } else if (options_int(p->options, OPT_CATALOG) != 0) {
        rc = catalog_command_open(&p->catalog, &p->loop, c->conninfo, c->table.schema, p->spool,
                                  &c->table.backoff, &e);
        if (rc == OK)
            catalog_command_start(p->catalog, on_catalog, p);
    } else if ((rc = load_run_open(&p->run, &p->loop, c, &e)) == OK) {
        load_run_start(p->run, on_ended, p);
    }
    if (rc != OK) {
        p->code = load_metrics_done(p->conf.metrics, complain(&e));
        wait_or_end(p);
    }
}

/* What loads nothing leaves nothing behind. */
static enum err_code open_metrics(struct loader *p, struct err *e)
{
    const struct options *o = p->options;
    const struct table_load_conf *t = &p->conf.table;
    bool every = options_given(o, OPT_EVERY) && !p->conf.follow;
    struct load_metrics_conf conf = {.options = o,
                                     .loop = &p->loop,
                                     .spool = p->spool,
                                     .every = every ? options_int(o, OPT_EVERY) : 0,
                                     .kind =
                                         t->redrive ? "redrive" : (t->replay ? "replay" : "load"),
                                     .follow = p->conf.follow};
    if (t->dry_run || options_int(o, OPT_LOADED) != 0 || options_int(o, OPT_CHECK) != 0 ||
        options_int(o, OPT_CATALOG) != 0)
        return OK;
    return load_metrics_open(&p->conf.metrics, &conf, e);
}

/* Where the address stands in a file it is read anew for each connection. */
static void watch_address(const struct options *o)
{
    if (options_given(o, OPT_DB_FILE) &&
        strcmp(options_origin(o, OPT_DB), options_origin(o, OPT_DB_FILE)) == 0)
        db_address_file(options_text(o, OPT_DB_FILE), options_origin(o, OPT_DB_FILE));
}

static enum err_code prepare(struct loader *p, struct err *e)
{
    const struct options *o = p->options;
    enum spool_mode mode = options_int(o, OPT_CATALOG) != 0 ? SPOOL_CREATE : SPOOL_LOOK;
    enum err_code rc;

    options_setup_log(o);
    watch_address(o);
    p->json = options_int(o, OPT_JSON) != 0;
    rc = accounts_check(o, db_same_text, e);
    if (rc == OK)
        rc = options_zone(o, &p->zone, e);
    if (rc == OK && (rc = remote_pull_open(&p->pull, o, e)) == OK)
        p->code = remote_pull_now(p->pull);
    if (rc == OK && remote_pull_is_stopped(p->pull))
        rc = err_set(e, ERR_INTERRUPTED, "stopped while the spool was pulled");
    if (rc == OK && options_int(o, OPT_CHECK) == 0) /* which needs none */
        rc = spool_wait_open(&p->spool, o, mode, p->pull, e);
    if (rc == OK && p->spool != NULL && options_int(o, OPT_DRY_RUN) == 0 &&
        options_int(o, OPT_LOADED) == 0)
        rc = spool_check_writer(p->spool, e);
    if (rc == OK && p->spool != NULL)
        rc = catalog_check(p->spool, e);
    if (rc == OK)
        rc = load_settings_read(&p->conf, o, p->spool, p->zone, e);
    if (rc == OK && p->conf.table.segment != 0)
        rc = replay_range_check(p->spool, p->conf.tables, p->conf.count, p->conf.named,
                                p->conf.table.segment, e);
    if (rc == OK && p->conf.table.replay &&
        (p->conf.table.fetched_from != WHEN_NONE || p->conf.table.fetched_to != WHEN_NONE)) {
        struct replay_range range = {p->conf.table.fetched_from, p->conf.table.fetched_to,
                                     p->conf.table.segment};
        rc = replay_range_tell(p->spool, p->conf.tables, p->conf.count, &range, e);
    }
    if (rc == OK)
        rc = open_metrics(p, e);
    if (rc == OK)
        rc = stop_signals_open(&p->stop, &p->loop, on_stop, p, e);
    if (rc == OK && stays(p)) {
        reload_watch(p->stop);
        p->now = (struct run_now){&p->every, on_every, &p->spool, p->conf.follow};
        rc = run_now_open(&p->now, p->stop, e);
    }
    if (rc == OK && remote_pull_is_stopped(p->pull)) /* between the pull and stop_signals_open */
        rc = err_set(e, ERR_INTERRUPTED, "stopped before anything was loaded");
    if (rc == OK && p->conf.follow)
        remote_pull_every(p->pull, &p->loop);
    return rc;
}

static int work(struct loader *p)
{
    struct err e = ERR_INIT;

    if (uv_loop_init(&p->loop) != 0) {
        err_set(&e, ERR_INTERNAL, "cannot make an event loop");
        return complain(&e);
    }
    (void)uv_timer_init(&p->loop, &p->every); /* cannot fail */
    p->every.data = p;
    if (prepare(p, &e) == OK) {
        begin(p);
        (void)uv_run(&p->loop, UV_RUN_DEFAULT);
    } else if (e.code == ERR_NO_SPOOL && p->code != 0) {
        LOG(LOG_WARN, "no-spool", "there is nothing to load, for nothing could be pulled",
            F_ERR(&e));
    } else if (e.code != ERR_INTERRUPTED) {
        p->code = complain(&e);
    } else if (p->pull != NULL) {
        p->code = err_exit(e.code);
    }
    remote_pull_stop(p->pull);
    if (p->stop != NULL)
        stop_signals_close(p->stop);
    load_metrics_close(p->conf.metrics);
    uv_close((uv_handle_t *)&p->every, NULL);
    (void)uv_run(&p->loop, UV_RUN_DEFAULT); /* the handles' ends */
    if (uv_loop_close(&p->loop) != 0)
        LOG0(LOG_DEBUG, "loop", "a handle was left open");
    spool_close(p->spool);
    remote_pull_close(p->pull);
    zone_close(p->zone);
    return p->code;
}

/* doctor without --account, where the configuration file has accounts. */
static int look_at_each(const struct options *o)
{
    struct err e = ERR_INIT;
    bool stopped = false;
    int code = 0;

    options_setup_log(o);
    if (accounts_check_all(o, db_same_text, &e) != OK)
        return complain(&e);
    for (size_t i = 0; i < options_accounts(o) && !stopped; i++) {
        struct loader p = {.each = true};

        log_account(options_account_name(o, i));
        e = ERR_INIT;
        if (options_for_account(&p.options, o, i, &e) == OK)
            code = exit_graver(code, work(&p));
        else
            code = exit_graver(code, complain(&e));
        stopped = p.stopped;
        options_free(p.options);
        log_account(NULL);
    }
    return code;
}

static void show_version(void)
{
    char text[32];
    struct libraries used = {.n = 0};
    int libpq = PQlibVersion(); /* 15.13 is 150013 */

    (void)snprintf(text, sizeof text, "%d.%d", libpq / 10000, libpq % 10000);
    libraries_add(&used, "libpq", text);
    libraries_add(&used, "libmicrohttpd", MHD_get_version());
    spool_libraries(&used);
    options_version(PROGRAM_LOAD, &used, stdout);
}

int main(int argc, char **argv)
{
    static struct loader p;
    struct err e = ERR_INIT;
    int code = 0;

    /* What a table's batches took goes back to the system when the table is through. Buffers of 32 KiB count as well: each
     * connection and each reader has some, and below the threshold they would leave holes in the heap. */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 32 * 1024);
    reload_open(PROGRAM_LOAD, argc, argv);
    options_guess_log(PROGRAM_LOAD, argc, argv);
    if (io_standard_files(&e) != OK || options_read(&p.options, PROGRAM_LOAD, argc, argv, &e) != OK)
        return complain(&e);
    if (options_int(p.options, OPT_HELP) != 0)
        options_show_help(p.options, stdout);
    else if (options_int(p.options, OPT_VERSION) != 0)
        show_version();
    else if (options_command(p.options) != NULL)
        code = command_main(p.options, &load_commands);
    else if (command_none(p.options, &load_commands, &e) != OK)
        code = complain(&e);
    else if (options_accounts(p.options) > 0 && options_account(p.options) == NULL)
        code = options_int(p.options, OPT_CHECK) != 0 ? look_at_each(p.options)
                                                      : all_accounts_load(p.options);
    else
        code = work(&p);
    options_free(p.options);
    if (reload_wanted())
        reload_now();
    return code;
}
