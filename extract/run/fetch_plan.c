#include "extract/run/fetch_plan.h"
#include "extract/api/request_url.h"
#include "extract/reconcile/inventory_crawl.h"
#include "shared/base/table_names.h"
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/control/asked_tables.h"
#include "spool/format/fetch_position.h"
#include "spool/journal/journal_scan.h"
#include "spool/journal/moved.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err_code read_catalog(struct fetch_plan *p, const struct spool *spool, struct err *e)
{
    struct err why = ERR_INIT;
    if (spool == NULL || catalog_read(spool, &p->catalog, &why) == OK)
        return OK;
    p->catalog = (struct catalog){0};
    if (why.code == ERR_IO && why.sys == ENOENT)
        return OK;
    if (why.code != ERR_DAMAGED) {
        *e = why;
        return why.code;
    }
    LOG(LOG_WARN, "catalog", "the loader's catalog cannot be used", F_ERR(&why));
    return OK;
}

static enum err_code list_tables(struct fetch_plan *p, const char *const *tables, size_t n,
                                 struct err *e)
{
    bool named = n > 0;
    p->count = named ? n : p->catalog.count;
    if (p->count == 0)
        return err_set(e, ERR_USAGE,
                       "no table to fetch: name some (netty-extract contacts companies), or set"
                       " `tables` in the configuration, or run netty-load catalog, which leaves"
                       " a list of the database's tables in the spool");
    p->wants = calloc(p->count, sizeof *p->wants);
    if (p->wants == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the list of tables");
    for (size_t i = 0; i < p->count; i++) {
        const struct catalog_entry *entry =
            named ? catalog_find(&p->catalog, tables[i]) : &p->catalog.entries[i];
        p->wants[i].name = named ? tables[i] : entry->table;
        p->wants[i].key = entry != NULL ? entry->key : NULL;
        p->wants[i].floor = entry != NULL ? entry->max_time_modified : WHEN_NONE;
    }
    return OK;
}

enum err_code fetch_plan_make(struct fetch_plan *p, const struct options *o,
                              const struct spool *spool, struct err *e)
{
    const char *const *tables = NULL;
    size_t n = 0;
    *p = (struct fetch_plan){0};
    enum err_code rc = options_tables(o, &tables, &n, e);
    if (rc == OK)
        rc = read_catalog(p, spool, e);
    if (rc == OK)
        rc = list_tables(p, tables, n, e);
    if (rc != OK)
        fetch_plan_free(p);
    return rc;
}

void fetch_plan_tell(const struct fetch_plan *p, const struct options *o, const struct spool *spool)
{
    const char *const *words = NULL;
    struct err e = ERR_INIT;
    bool named = options_words(o, &words) > 0;
    const char **names = calloc(p->count, sizeof *names);
    if (names == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        names[i] = p->wants[i].name;
    if (asked_note(spool, names, p->count, named, &e) != OK)
        LOG(LOG_DEBUG, "asked", "the spool is not told which tables are asked for", F_ERR(&e));
    free(names);
}

void fetch_plan_free(struct fetch_plan *p)
{
    free(p->wants);
    catalog_free(&p->catalog);
    *p = (struct fetch_plan){0};
}

/* What the last page's position has become, if runs met that page again without news since. */
static enum err_code move_position(const char *dir, const struct page_info *page,
                                   struct buf *position, struct err *e)
{
    struct moved moved;
    enum err_code rc = moved_read(dir, &moved, e);
    if (rc != OK || !moved_is_of(&moved, page))
        return rc;
    char *before = strdup(position->data);
    rc = before != NULL ? moved_position(position, &moved, before, e)
                        : err_set(e, ERR_NOMEM, "out of memory for a position");
    free(before);
    return rc;
}

/* The last position in the table's journals; empty when there is none. */
static enum err_code last_position(const struct spool *spool, const char *table,
                                   struct buf *position, struct err *e)
{
    char dir[IO_PATH];
    struct journal_scan *scan = NULL;
    struct page_info last = {.chain = 0};
    enum journal_scan_what what = JOURNAL_SCAN_PAGE;
    buf_reset(position);
    if (spool == NULL)
        return OK;
    enum err_code rc = io_path(dir, spool_dir(spool), table, e);
    if (rc == OK)
        rc = journal_scan_open(&scan, dir, table, JOURNAL_SCAN_LOOK, e);
    while (rc == OK && what != JOURNAL_SCAN_END) {
        rc = journal_scan_next(scan, &what, e);
        if (rc == OK && what == JOURNAL_SCAN_PAGE) {
            last = *journal_scan_page(scan);
            buf_reset(position);
            rc = buf_adds(position, journal_scan_position(scan));
            if (rc != OK)
                rc = buf_err(e, rc, position, "a position in the spool");
        }
    }
    journal_scan_close(scan);
    return rc == OK ? move_position(dir, &last, position, e) : rc;
}

struct first_request {
    struct crawl_request request;
    struct crawl_stats stats;
    char key[CRAWL_KEY_MAX]; /* the key's name, as far as it is known */
};

/* A backfill that is under way is gone on with. */
static const char *where_from(const struct fetch_position *at, const struct table_fetch_env *env,
                              struct crawl_conf *conf)
{
    int64_t since = conf->full ? WHEN_NONE : conf->since;
    if (!env->backfill.on || env->backfill.restart || !at->backfill || at->state.since != since)
        return at->regular[0] != 0 ? at->regular : NULL;
    conf->full = false;
    conf->since = WHEN_NONE;
    return at->has_own ? at->own : at->regular;
}

static enum err_code first_request(const struct fetch_run_want *want,
                                   const struct table_fetch_env *env, const struct buf *position,
                                   struct first_request *first, struct err *e)
{
    char usual[NAMES_TABLE_MAX + 8];
    struct crawl *crawl = NULL;
    struct crawl_conf conf = env->crawl;
    const char *from = NULL;
    struct fetch_position *at = malloc(sizeof *at);
    if (at == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a position");
    conf.floor = want->floor;
    enum err_code rc = fetch_position_read(at, position->data, e);
    if (rc == OK) {
        from = where_from(at, env, &conf);
        rc = crawl_open(&crawl, &conf, from, e);
    }
    free(at);
    if (rc != OK)
        return err_prefix(e, "%s", want->name);
    if (crawl_next(crawl, &first->request) == CRAWL_DONE)
        first->request = (struct crawl_request){0};
    crawl_stats(crawl, &first->stats);
    names_key(want->name, usual);
    (void)snprintf(first->key, sizeof first->key, "%s",
                   want->key != NULL             ? want->key
                   : crawl_key(crawl)[0] != '\0' ? crawl_key(crawl)
                                                 : usual);
    crawl_close(crawl);
    return OK;
}

static enum err_code show_table(const struct fetch_run_want *want, const struct spool *spool,
                                const struct table_fetch_env *env, struct summary *summary,
                                struct err *e)
{
    struct buf position;
    struct buf url;
    struct first_request first = {0};
    buf_init(&position, PAGE_POSITION_MAX);
    buf_init(&url, URL_MAX);
    enum err_code rc = last_position(spool, want->name, &position, e);
    if (rc == OK)
        rc = first_request(want, env, &position, &first, e);
    if (rc == OK)
        rc = url_page(&url, env->base_url, want->name, first.key, &first.request, e);
    if (rc == OK) {
        struct cell cells[] = {
            {.name = "table", .type = CELL_STR, .str = want->name},
            {.name = "complete_to", .type = CELL_TIME, .num = first.stats.complete_to},
            {.name = "from",
             .type = CELL_STR,
             .str = first.request.after[0] != 0 ? first.request.after : "all"},
            {.name = "request", .type = CELL_STR, .str = url.data},
        };
        rc = summary_row(summary, cells, sizeof cells / sizeof *cells, e);
    }
    buf_free(&position);
    buf_free(&url);
    return rc;
}

/* For a reconcile: what the inventory and the loader's answers to it leave to be done. */
static enum err_code show_reconcile(const struct fetch_run_want *want, const struct spool *spool,
                                    const struct table_fetch_env *env, struct summary *summary,
                                    struct err *e)
{
    struct inventory_crawl_conf conf = {.spool = spool, .table = want->name, .crawl = env->crawl};
    struct inventory_state *state = calloc(1, sizeof *state);
    struct inventory_crawl_plan plan = {.what = "crawl", .anew = true, .state = state};
    enum err_code rc = OK;
    if (state == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a plan");
    state->window.to = state->page.complete_to = state->last = WHEN_NONE;
    if (spool != NULL)
        rc = inventory_crawl_look_ahead(&conf, &plan, e);
    struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = want->name},
        {.name = "next", .type = CELL_STR, .str = plan.what},
        {.name = "looks", .type = CELL_INT, .num = (int64_t)plan.lookups},
        {.name = "anew", .type = CELL_STR, .str = plan.anew ? "yes" : "no"},
        {.name = "pages", .type = CELL_INT, .num = (int64_t)state->pages},
        {.name = "records", .type = CELL_INT, .num = (int64_t)state->records},
        {.name = "complete_to", .type = CELL_TIME, .num = state->page.complete_to},
    };
    if (rc == OK)
        rc = summary_row(summary, cells, sizeof cells / sizeof *cells, e);
    free(state);
    return rc;
}

enum err_code fetch_plan_show(const struct fetch_plan *p, const struct options *o,
                              const struct spool *spool, const struct table_fetch_env *env,
                              struct err *e)
{
    struct summary *summary = NULL;
    enum err_code rc = summary_open(&summary, options_int(o, OPT_JSON) != 0, e);
    for (size_t i = 0; i < p->count && rc == OK; i++)
        rc = env->reconcile ? show_reconcile(&p->wants[i], spool, env, summary, e)
                            : show_table(&p->wants[i], spool, env, summary, e);
    if (rc == OK)
        rc = summary_print(summary, stdout, e);
    summary_close(summary);
    return rc;
}
