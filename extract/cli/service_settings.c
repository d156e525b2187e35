/* What the options say: how the runs are to be, and with what they ask. */
#include "extract/api/request_url.h"
#include "extract/cli/service_private.h"
#include "shared/time/when.h"
#include <stdlib.h>

/* What counts as complete stays this much behind the server's clock: a change may take a moment to
 * be listed. */
#define MARGIN    (60 * WHEN_SECOND)
#define RETRY_MAX (120 * WHEN_SECOND)

#define CONNECTIONS 64

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != 0 ? value : NULL;
}

/* --since all and --full are the same. */
static void read_backfill(const struct options *o, struct service *s)
{
    struct service_backfill *b = &s->backfill;
    int64_t since = options_given(o, OPT_SINCE) ? options_int(o, OPT_SINCE) : WHEN_NONE;
    bool all = options_given(o, OPT_SINCE) && since == WHEN_NONE;
    b->restart = options_int(o, OPT_RESTART) != 0;
    b->cancel = options_int(o, OPT_CANCEL) != 0;
    b->crawl = s->env.crawl;
    b->crawl.full = all || options_int(o, OPT_FULL) != 0;
    b->crawl.since = b->crawl.full ? WHEN_NONE : since;
    b->wanted = !s->env.reconcile &&
                (b->crawl.full || b->crawl.since != WHEN_NONE || b->restart || b->cancel);
    if (s->env.reconcile)
        s->env.crawl.full = b->crawl.full || b->restart;
}

enum err_code service_read_settings(struct service *s, struct err *e)
{
    const struct options *o = s->options;
    struct table_fetch_env *env = &s->env;
    env->base_url = options_text(o, OPT_BASE_URL);
    enum err_code rc =
        url_check_base(env->base_url, options_origin(o, OPT_BASE_URL), ERR_CONFIG, e);
    if (rc == OK)
        rc = options_zone(o, &s->zone, e);
    if (rc != OK)
        return rc;
    env->zone = s->zone;
    env->crawl = (struct crawl_conf){
        .limit = (unsigned)options_int(o, OPT_LIMIT),
        .overlap = options_int(o, OPT_OVERLAP),
        .margin = MARGIN,
        .zone = s->zone,
        .floor = WHEN_NONE,
        .since = WHEN_NONE,
        .keyed = true,
    };
    env->writer = (struct writer_conf){.segment_size = options_int(o, OPT_SEGMENT_SIZE),
                                       .segment_age = options_int(o, OPT_SEGMENT_AGE)};
    int64_t delay = options_int(o, OPT_RETRY_DELAY);
    env->retries = (struct backoff){.base_us = delay,
                                    .max_us = delay > RETRY_MAX ? delay : RETRY_MAX,
                                    .tries = (unsigned)options_int(o, OPT_RETRIES)};
    env->refused_after = options_int(o, OPT_REFUSED_AFTER);
    env->ahead = (unsigned)options_int(o, OPT_AHEAD);
    env->ahead_memory = &s->ahead;
    env->max_pages = (uint64_t)options_int(o, OPT_MAX_PAGES);
    env->page_max = (uint64_t)options_int(o, OPT_MAX_PAGE_BYTES);
    env->record_max = (size_t)options_int(o, OPT_MAX_RECORD_BYTES);
    env->reconcile = options_int(o, OPT_RECONCILE) != 0;
    s->reconcile_every =
        options_given(o, OPT_RECONCILE_EVERY) ? options_int(o, OPT_RECONCILE_EVERY) : 0;
    s->every = options_given(o, OPT_EVERY) ? options_int(o, OPT_EVERY) : 0;
    read_backfill(o, s);
    return service_backfill_take_on(&s->backfill, e);
}

/* Kept alive: as many as may be open at once, within reason. */
static unsigned connections(const struct service *s)
{
    int64_t n = (int64_t)s->jobs * options_int(s->options, OPT_AHEAD);
    return (unsigned)(n < CONNECTIONS ? n : CONNECTIONS);
}

enum err_code service_open_http(struct service *s, const struct secret *key, struct http **http,
                                struct err *e)
{
    const char *ca_file = environment("NETTY_CA_FILE");
    struct http_conf conf = {
        .key = key,
        .timeout = options_int(s->options, OPT_TIMEOUT),
        .connections = connections(s),
        .ca_file = ca_file != NULL ? ca_file : environment("SSL_CERT_FILE"),
    };
    return http_open(http, &s->loop, &conf, e);
}

enum err_code service_open_client(struct service *s, struct err *e)
{
    struct table_fetch_env *env = &s->env;
    const struct secret *key = *s->key;
    const char *dir = spool_dir(s->spool);
    const struct options *o = s->options;
    struct disk_space_conf disk_space = {
        .max = options_given(o, OPT_SPOOL_MAX) ? options_int(o, OPT_SPOOL_MAX) : 0,
        .least = options_int(o, OPT_SPOOL_FREE),
    };
    enum err_code rc = circuit_breaker_open(&env->circuit_breaker, dir, spool_id(s->spool), key, e);
    if (rc == OK)
        rc = refusal_gate_open(&env->gate, e);
    if (rc == OK)
        rc = rate_limit_open(&env->rate_limit, &s->loop, dir,
                             (unsigned)options_int(s->options, OPT_RATE), e);
    if (rc == OK)
        rc = disk_space_open(&env->disk_space, s->spool, &disk_space, e);
    if (rc == OK && key != NULL)
        rc = service_open_http(s, key, &env->http, e);
    return rc;
}
