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
    *position = writer_position(t->writer);
    if (conf->since != WHEN_NONE)
        return OK;
    enum err_code rc = refetch_read(t->env->spool, t->name, &t->refetch, &there, e);
    if (rc != OK || !there)
        return rc;
    t->refetching = true;
    *position = t->refetch.position[0] != 0 ? t->refetch.position : NULL;
    conf->full = conf->full || t->refetch.position[0] == 0;
    LOG(LOG_INFO, "refetch", "pages that were damaged are fetched again", F_STR("table", t->name),
        F_STR("from", conf->full ? "the beginning" : "before the damage"));
    return OK;
}

static enum err_code open_parts(struct table_fetch *t, int64_t floor, struct err *e)
{
    const struct table_fetch_env *env = t->env;
    struct crawl_conf conf = env->crawl;
    conf.floor = floor;
    conf.now = when_now();
    const char *position = NULL;
    enum err_code rc = table_fetch_read_places(t, e);
    conf.places = t->places;
    if (rc == OK)
        rc = find_position(t, &conf, &position, e);
    if (rc == OK)
        rc = crawl_open(&t->crawl, &conf, position, e);
    if (rc != OK)
        return rc;
    struct crawl_stats stats;
    crawl_stats(t->crawl, &stats);
    t->complete_to = stats.complete_to;
    rc = page_key_open(&t->key, t->name, t->given, crawl_key(t->crawl), e);
    if (rc != OK)
        return rc;
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
    buf_init(&made->url, URL_MAX);
    buf_init(&made->position, PAGE_POSITION_MAX);
    made->complete_to = WHEN_NONE;
    enum err_code rc = table_fetch_look_refused(env, name, apart, e);
    made->welcome = *apart == TABLE_FETCH_COMMON;
    if (rc == OK)
        *apart = TABLE_FETCH_COMMON;
    if (rc == OK && env->reconcile)
        rc = table_fetch_reconcile_open(made, e);
    else if (rc == OK)
        rc = writer_open(&made->writer, env->loop, env->spool, made->name, &env->writer, e);
    if (rc == OK && !env->reconcile)
        rc = open_parts(made, want->floor, e);
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
    *t = made;
    return OK;
}
