#include "extract/api/request_url.h"
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

/* Where the table stands; after damage, where it stood before it, unless the user says from where.
 */
static enum err_code find_position(struct table_fetch *t, struct crawl_conf *conf,
                                   const char **position, struct err *e)
{
    bool there = false;
    if (t->env->backfill.on)
        return table_fetch_backfill_open(t, conf, position, e);
    *position = t->at->regular[0] != 0 ? t->at->regular : NULL;
    enum err_code rc = refetch_read(t->env->spool, t->name, &t->refetch, &there, e);
    if (rc != OK || !there)
        return rc;
    t->refetching = true;
    t->at->proven = WHEN_NONE; /* of what was lost nothing is claimed */
    conf->full = t->refetch.position[0] == 0;
    *position = NULL;
    if (!conf->full) { /* a backfill that was under way there is not under way here */
        struct fetch_position *then = malloc(sizeof *then);
        if (then == NULL)
            return err_set(e, ERR_NOMEM, "out of memory for a position");
        rc = fetch_position_read(then, t->refetch.position, e);
        memcpy(t->refetch.position, then->regular, sizeof t->refetch.position);
        *position = t->refetch.position;
        free(then);
        if (rc != OK)
            return rc;
    }
    LOG(LOG_INFO, "refetch", "pages that were damaged are fetched again", F_STR("table", t->name),
        F_STR("from", conf->full ? "the beginning" : "before the damage"));
    return OK;
}

enum err_code table_fetch_open_parts(struct table_fetch *t, int64_t floor, struct err *e)
{
    const struct table_fetch_env *env = t->env;
    struct crawl_conf conf = env->crawl;
    conf.floor = floor;
    conf.now = when_now();
    const char *position = NULL;
    enum err_code rc = table_fetch_read_places(t, e);
    conf.places = t->places;
    if (rc == OK)
        rc = fetch_position_read(t->at, writer_position(t->writer), e);
    if (rc == OK && !t->reopened)
        t->before = t->at->state;
    if (rc == OK)
        rc = find_position(t, &conf, &position, e);
    if (rc == OK && t->own) /* one that is the table's first crawl goes before all others */
        rc = spool_lock_yield(env->spool, t->name, e);
    if (rc == OK)
        rc = crawl_open(&t->crawl, &conf, position, e);
    if (rc != OK)
        return rc;
    struct crawl_stats stats;
    crawl_stats(t->crawl, &stats);
    t->counts = env->backfill.on || (t->at->backfill && !t->at->has_own);
    if (t->counts && t->at->state.runs == 0)
        t->before = t->at->state;
    if (!t->reopened)
        table_fetch_ahead_bound(t, &stats);
    t->complete_to = table_fetch_page_complete_to(t, &stats);
    t->result.state = t->at->state;
    page_key_close(t->key);
    t->key = NULL;
    rc = page_key_open(&t->key, t->name, t->given, crawl_key(t->crawl), e);
    if (rc != OK)
        return rc;
    t->begun_with = t->reopened ? t->begun_with : stats.seen;
    struct fetched_page_parts parts = {
        .spool = env->spool,
        .table = t->name,
        .key = t->key,
        .writer = t->writer,
        .crawl = t->crawl,
        .zone = env->zone,
        .record_max = env->record_max,
        .page_max = env->page_max,
    };
    return fetched_page_open(&t->page, &parts, e);
}

void table_fetch_free(struct table_fetch *t)
{
    fetched_page_close(t->page);
    page_key_close(t->key);
    if (t->reconcile != NULL)
        inventory_crawl_close(t->reconcile); /* the crawl is its own */
    else
        crawl_close(t->crawl);
    buf_free(&t->url);
    buf_free(&t->position);
    buf_free(&t->own_position);
    places_close(t->places);
    free(t->at);
    free(t);
}

static void on_writer_closed(void *ctx)
{
    struct table_fetch *t = ctx;
    struct table_fetch_handler handler = t->handler;
    void *closed_ctx = t->ctx;
    if (t->result.apart == TABLE_FETCH_UNKNOWN)
        spool_drop_empty_table(t->env->spool, t->name);
    table_fetch_free(t);
    handler.closed(closed_ctx);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct table_fetch *t = handle->data;
    if (t->writer != NULL)
        writer_close(t->writer, on_writer_closed, t);
    else
        on_writer_closed(t);
}

void table_fetch_close(struct table_fetch *t)
{
    uv_close((uv_handle_t *)&t->timer, on_timer_closed);
}

static void nothing(void *ctx)
{
    table_fetch_free(ctx);
}

enum err_code table_fetch_open(struct table_fetch **t, const struct table_fetch_env *env,
                               const struct table_fetch_want *want,
                               const struct table_fetch_handler *handler, void *ctx,
                               enum table_fetch_apart *apart, struct err *e)
{
    *t = NULL;
    *apart = TABLE_FETCH_COMMON;
    struct table_fetch *made = calloc(1, sizeof *made);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a table");
    made->env = env;
    made->handler = *handler;
    made->ctx = ctx;
    const char *name = want->name;
    memcpy(made->name, name, strnlen(name, NAMES_TABLE_MAX));
    made->given = want->key;
    made->tries = (struct failed_try){.spool = env->spool, .table = made->name};
    buf_init(&made->url, URL_MAX);
    buf_init(&made->position, PAGE_POSITION_MAX);
    buf_init(&made->own_position, PAGE_POSITION_MAX);
    made->complete_to = made->regular_to = WHEN_NONE;
    made->left = UINT64_MAX;
    table_fetch_ahead_open(made);
    made->at = calloc(1, sizeof *made->at);
    if (made->at == NULL) {
        table_fetch_free(made);
        return err_set(e, ERR_NOMEM, "out of memory for a table");
    }
    made->at->proven = WHEN_NONE;
    *apart = TABLE_FETCH_COMMON;
    enum err_code rc = env->backfill.cancel ? OK : table_fetch_look_refused(env, name, apart, e);
    made->welcome = *apart == TABLE_FETCH_COMMON;
    if (rc == OK)
        *apart = TABLE_FETCH_COMMON;
    if (rc == OK && env->reconcile)
        rc = table_fetch_reconcile_open(made, e);
    else if (rc == OK)
        rc = writer_open(&made->writer, env->loop, env->spool, made->name, &env->writer, e);
    if (rc == OK && !env->reconcile)
        rc = table_fetch_open_parts(made, want->floor, e);
    if (rc != OK) {
        if (made->writer != NULL)
            writer_close(made->writer, nothing, made);
        else
            table_fetch_free(made);
        return rc;
    }
    /* It only fails without a loop. */
    (void)uv_timer_init(env->loop, &made->timer);
    made->timer.data = made;
    table_fetch_lend(made);
    *t = made;
    return OK;
}
