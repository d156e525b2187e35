#include "extract/reconcile/inventory_crawl.h"
#include "extract/reconcile/inventory_todo.h"
#include "extract/reconcile/key_lookup.h"
#include "shared/json/json_forms.h"
#include "shared/json/json_record.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEY_TEXT 64

struct inventory_crawl {
    struct inventory_crawl_conf conf;
    struct fetched_page_sink sink;
    struct json_splitter *splitter;
    struct inventory *inventory;
    struct inventory_todo todo;
    struct key_lookup lookup;
    struct crawl *crawl;
    struct buf position;
    uint64_t pass;
    bool anew;      /* an inventory is to be begun */
    bool in_lookup; /* the request under way is a lookup */
    bool looked_up; /* some lookup was done in this run */
    bool ended;
    int64_t clock; /* the server's at the last answer */
    uint64_t records;
    uint64_t unkeyed;
};

/* ---- the records of an answer ---- */

/* Reads a key in any form of an integer, strings too. The source has that record, whether or not the loader accepts it. */
static bool read_key(const char *s, size_t n, int64_t *key)
{
    char text[KEY_TEXT + 1];
    char *end = NULL;
    if (s == NULL || n == 0 || n > KEY_TEXT)
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    errno = 0;
    *key = strtoll(text, &end, 10);
    if (end != text && *end == '\0')
        return errno == 0;
    long double value = strtold(text, &end);
    if (end == text || *end != '\0' || !(value > -9e18L && value < 9e18L))
        return false;
    *key = (int64_t)value;
    return (long double)*key == value;
}

static bool is_deleted(const struct inventory_crawl *r, const struct page_parser_record *record)
{
    struct record parts;
    struct err e = ERR_INIT;
    if (json_splitter_run(r->splitter, record->line, record->len, &parts, &e) != OK)
        return false;
    return json_is_true(record_find(&parts, "deleted"));
}

static enum err_code on_record(void *ctx, const struct page_parser_record *record, struct err *e)
{
    struct inventory_crawl *r = ctx;
    int64_t key = 0;
    bool keyed = read_key(record->key, record->key_len, &key);
    if (r->in_lookup) {
        key_lookup_seen(&r->lookup, keyed, key);
        return OK;
    }
    r->records++;
    r->unkeyed += keyed ? 0 : 1;
    return keyed ? inventory_key(r->inventory, key, is_deleted(r, record), e) : OK;
}

static void on_non_record(void *ctx)
{
    struct inventory_crawl *r = ctx;
    if (r->in_lookup)
        key_lookup_seen(&r->lookup, false, 0);
    else
        r->unkeyed++;
}

static void restart(struct inventory_crawl *r)
{
    r->records = r->unkeyed = 0;
    key_lookup_begin(&r->lookup);
    if (!r->anew)
        inventory_discard_page(r->inventory);
}

/* ---- opening ---- */

static enum err_code open_crawl(struct inventory_crawl *r, const char *position, struct err *e)
{
    struct crawl_conf conf = r->conf.crawl;
    struct crawl *crawl = NULL;
    conf.full = position == NULL;
    conf.by_time = true; /* what is missing is judged on the way */
    conf.since = conf.floor = WHEN_NONE;
    conf.now = when_now();
    enum err_code rc = crawl_open(&crawl, &conf, position, e);
    if (rc != OK)
        return rc;
    crawl_close(r->crawl);
    r->crawl = crawl;
    return OK;
}

static enum err_code open_parts(struct inventory_crawl *r, struct err *e)
{
    enum err_code rc;
    if ((rc = json_splitter_open(&r->splitter, e)) != OK ||
        (rc = inventory_open(&r->inventory, r->conf.spool, r->conf.table, inventory_todo_line,
                             &r->todo, e)) != OK)
        return rc;
    const struct inventory_state *state = inventory_state(r->inventory);
    rc = inventory_todo_make(&r->todo, r->conf.spool, r->conf.table, state, r->conf.crawl.full, e);
    if (rc != OK)
        return rc;
    r->anew = r->todo.phase == INVENTORY_TODO_BEGIN && r->todo.count == 0;
    r->pass = state->pages > 0 && !r->anew ? state->page.pass : 1;
    r->ended = r->todo.phase != INVENTORY_TODO_CRAWL && !r->anew;
    key_lookup_start(&r->lookup, r->todo.lookups, r->todo.count, r->todo.known,
                     r->todo.known_count);
    return open_crawl(r, state->pages > 0 && !r->anew ? state->position : NULL, e);
}

enum err_code inventory_crawl_open(struct inventory_crawl **out,
                                   const struct inventory_crawl_conf *conf, struct err *e)
{
    struct inventory_crawl *r = calloc(1, sizeof *r);
    *out = NULL;
    if (r == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    r->conf = *conf;
    r->clock = WHEN_NONE;
    r->sink =
        (struct fetched_page_sink){.record = on_record, .non_record = on_non_record, .ctx = r};
    buf_init(&r->position, PAGE_POSITION_MAX);
    enum err_code rc = open_parts(r, e);
    if (rc != OK)
        inventory_crawl_close(r);
    else
        *out = r;
    return rc;
}

void inventory_crawl_close(struct inventory_crawl *r)
{
    if (r == NULL)
        return;
    inventory_todo_free(&r->todo);
    crawl_close(r->crawl);
    inventory_close(r->inventory);
    json_splitter_close(r->splitter);
    buf_free(&r->position);
    free(r);
}

const struct fetched_page_sink *inventory_crawl_sink(const struct inventory_crawl *r)
{
    return &r->sink;
}

struct crawl *inventory_crawl_crawl(const struct inventory_crawl *r)
{
    return r->crawl;
}

const struct inventory_state *inventory_crawl_state(const struct inventory_crawl *r)
{
    return inventory_state(r->inventory);
}

/* ---- what to ask ---- */

static enum err_code write_window(struct inventory_crawl *r, bool ended, struct err *e)
{
    const struct inventory_state *state = inventory_state(r->inventory);
    struct inventory_window window = {.at = when_now(),
                                      .clock = state->page.clock,
                                      .to = state->page.complete_to,
                                      .ended = ended};
    return inventory_window(r->inventory, &window, e);
}

/* The crawl has ended: goes on to what changed meanwhile, or ends. */
static enum inventory_crawl_next finish_pass(struct inventory_crawl *r, struct err *e)
{
    if (r->pass > 1) {
        r->ended = true;
        return write_window(r, true, e) == OK ? INVENTORY_CRAWL_DONE : INVENTORY_CRAWL_FAILED;
    }
    r->pass = 2;
    return open_crawl(r, inventory_state(r->inventory)->position, e) == OK ? INVENTORY_CRAWL_ASK
                                                                           : INVENTORY_CRAWL_FAILED;
}

static enum inventory_crawl_next next_page(struct inventory_crawl *r,
                                           struct inventory_crawl_want *want, struct err *e)
{
    if (r->anew) {
        if (inventory_begin(r->inventory, e) != OK)
            return INVENTORY_CRAWL_FAILED;
        r->anew = false;
    }
    while (crawl_next(r->crawl, &want->request) == CRAWL_DONE) {
        enum inventory_crawl_next next = finish_pass(r, e);
        if (next != INVENTORY_CRAWL_ASK)
            return next;
    }
    return INVENTORY_CRAWL_ASK;
}

static void report_waiting(const struct inventory_crawl *r)
{
    if (r->todo.phase == INVENTORY_TODO_HELD)
        LOG(LOG_WARN, "held",
            "more records are gone than --max-deletes allows: look at what netty-load tells of "
            "them, then run netty-load with a greater --max-deletes, or netty-extract --reconcile "
            "--restart to begin anew",
            F_STR("table", r->conf.table));
    else
        LOG(LOG_INFO, "waiting",
            "the crawl is done, and netty-load is to tell what is missing: run netty-extract, then "
            "netty-load, then this again",
            F_STR("table", r->conf.table));
}

enum inventory_crawl_next inventory_crawl_next(struct inventory_crawl *r, uint64_t left,
                                               struct inventory_crawl_want *want, struct err *e)
{
    key_lookup_left(&r->lookup, left);
    *want = (struct inventory_crawl_want){.lookup = false};
    r->in_lookup = key_lookup_next(&r->lookup, &want->key);
    if (r->in_lookup) {
        restart(r);
        want->lookup = true;
        return INVENTORY_CRAWL_ASK;
    }
    if (!r->ended) {
        enum inventory_crawl_next next = next_page(r, want, e);
        if (!want->request.looks && !want->request.goes_on)
            restart(r);
        return next;
    }
    if (r->looked_up || r->todo.phase == INVENTORY_TODO_CRAWL ||
        r->todo.phase == INVENTORY_TODO_BEGIN)
        return INVENTORY_CRAWL_DONE;
    report_waiting(r);
    return INVENTORY_CRAWL_WAIT;
}

/* ---- what the answers mean ---- */

static enum inventory_crawl_verdict take_lookup(struct inventory_crawl *r, struct err *e)
{
    struct inventory_lookup lookup = {.at = when_now(), .clock = r->clock};
    r->looked_up = true;
    key_lookup_answer(&r->lookup);
    if (r->lookup.useless) {
        LOG(LOG_WARN, "no-look",
            "the API cannot be asked for single records; the next crawl is the second look",
            F_STR("table", r->conf.table));
        lookup.useless = true;
    } else if (!key_lookup_ready(&r->lookup, &lookup)) {
        return INVENTORY_CRAWL_KEPT;
    }
    return inventory_lookup(r->inventory, &lookup, e) == OK ? INVENTORY_CRAWL_KEPT
                                                            : INVENTORY_CRAWL_BROKEN;
}

static enum inventory_crawl_verdict keep_page(struct inventory_crawl *r, struct err *e)
{
    struct crawl_stats stats;
    crawl_stats(r->crawl, &stats);
    buf_reset(&r->position);
    if (crawl_position(r->crawl, &r->position, e) != OK)
        return INVENTORY_CRAWL_BROKEN;
    struct inventory_page page = {.fetched = when_now(),
                                  .clock = r->clock,
                                  .records = r->records,
                                  .unkeyed = r->unkeyed,
                                  .pass = r->pass,
                                  .complete_to = stats.complete_to,
                                  .position = r->position.data};
    return inventory_page(r->inventory, &page, e) == OK ? INVENTORY_CRAWL_KEPT
                                                        : INVENTORY_CRAWL_BROKEN;
}

enum inventory_crawl_verdict inventory_crawl_answer(struct inventory_crawl *r, int64_t clock,
                                                    int64_t count, struct err *e)
{
    struct crawl_answer answer = {.date = clock, .now = clock, .count = count};
    r->clock = clock;
    if (r->in_lookup)
        return take_lookup(r, e);
    switch (crawl_page(r->crawl, &answer, e)) {
    case CRAWL_KEEP:
        return keep_page(r, e);
    case CRAWL_RETAKE:
        return INVENTORY_CRAWL_RETAKE;
    case CRAWL_PART:
        return INVENTORY_CRAWL_PART;
    case CRAWL_BROKEN:
        break;
    }
    return INVENTORY_CRAWL_BROKEN;
}

void inventory_crawl_again(struct inventory_crawl *r)
{
    restart(r);
}

bool inventory_crawl_looks_up(const struct inventory_crawl *r)
{
    return r->in_lookup;
}

bool inventory_crawl_refused(struct inventory_crawl *r)
{
    if (r->in_lookup)
        key_lookup_refused(&r->lookup);
    return r->in_lookup;
}

enum err_code inventory_crawl_stop(struct inventory_crawl *r, struct err *e)
{
    const struct inventory_state *state = inventory_state(r->inventory);
    return state->there && state->behind > 0 ? write_window(r, false, e) : OK;
}

/* ---- looking ahead ---- */

enum err_code inventory_crawl_look_ahead(const struct inventory_crawl_conf *conf,
                                         struct inventory_crawl_plan *plan, struct err *e)
{
    struct inventory_todo todo = {0};
    struct err why = ERR_INIT;
    enum err_code rc =
        inventory_read(conf->spool, conf->table, plan->state, inventory_todo_line, &todo, &why);
    if (rc == ERR_DAMAGED)
        *plan->state = (struct inventory_state){.began = WHEN_NONE};
    else if (rc != OK)
        *e = why;
    if (rc == OK || rc == ERR_DAMAGED)
        rc = inventory_todo_make(&todo, conf->spool, conf->table, plan->state, conf->crawl.full, e);
    plan->lookups = todo.count;
    plan->anew = todo.phase == INVENTORY_TODO_BEGIN && todo.count == 0;
    bool waits = todo.phase == INVENTORY_TODO_WAIT || todo.phase == INVENTORY_TODO_HELD;
    plan->what = todo.count > 0 ? "look" : waits ? "wait" : "crawl";
    inventory_todo_free(&todo);
    return rc;
}
