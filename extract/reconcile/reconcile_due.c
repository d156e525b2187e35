#include "extract/reconcile/reconcile_due.h"

#include "extract/reconcile/inventory_todo.h"
#include "shared/log/log.h"
#include "shared/time/when.h"

static void judge(struct reconcile_due *d, const struct inventory_todo *todo,
                  const struct inventory_state *state, int64_t every)
{
    d->count = todo->count;
    d->at = WHEN_NONE;
    if (todo->phase == INVENTORY_TODO_CRAWL) {
        d->step = RECONCILE_CRAWL;
    } else if (todo->count > 0) {
        d->step = RECONCILE_LOOK;
    } else if (todo->phase == INVENTORY_TODO_HELD) {
        d->step = RECONCILE_PERSON;
    } else if (todo->phase == INVENTORY_TODO_WAIT) {
        d->step = RECONCILE_LOADER;
        d->at = state->window.at;
    } else if (state->there && when_now() - state->began < every) {
        d->step = RECONCILE_REST;
        d->at = state->began + every;
    } else {
        d->step = RECONCILE_BEGIN;
    }
}

enum err_code reconcile_due(struct reconcile_due *d, const struct spool *s, const char *table,
                            int64_t every, struct err *e)
{
    struct inventory_todo todo = {.count = 0};
    struct inventory_state state = {.there = false};
    struct err why = ERR_INIT;
    enum err_code rc = inventory_read(s, table, &state, inventory_todo_line, &todo, &why);
    *d = (struct reconcile_due){.step = RECONCILE_BEGIN, .at = WHEN_NONE};
    if (rc == OK)
        rc = inventory_todo_make(&todo, s, table, &state, false, &why);
    if (rc == OK)
        judge(d, &todo, &state, every);
    inventory_todo_free(&todo);
    if (rc == OK || rc == ERR_DAMAGED)
        return OK;
    *e = why;
    return rc;
}

bool reconcile_is_due(const struct reconcile_due *d)
{
    return d->step == RECONCILE_BEGIN || d->step == RECONCILE_CRAWL || d->step == RECONCILE_LOOK;
}

void reconcile_due_tell(const struct reconcile_due *d, const char *table)
{
    static const struct {
        const char *step;
        const char *next;
    } words[] = {
        [RECONCILE_BEGIN] = {"all keys are read", "the crawl's end, in as many runs as it takes"},
        [RECONCILE_CRAWL] = {"reading all keys goes on",
                             "the crawl's end, in as many runs as it takes"},
        [RECONCILE_LOOK] = {"what is missing is asked for once more",
                            "netty-load, which marks what is gone after the next sync"},
        [RECONCILE_LOADER] = {"the keys are read",
                              "netty-load, once it has loaded a page fetched after this time"},
        [RECONCILE_PERSON] = {"more are gone than --max-deletes allows, and none is marked",
                              "netty-load --max-deletes PERCENT, or netty-extract --reconcile "
                              "--restart"},
        [RECONCILE_REST] = {"all is acted on", "the next crawl, at this time"},
    };
    char at[WHEN_TEXT];
    LOG(d->step == RECONCILE_PERSON ? LOG_WARN : LOG_INFO, "deletions",
        "where the search for deleted records is", F_STR("table", table),
        F_STR("step", words[d->step].step), F_STR("waits_for", words[d->step].next),
        F_STR("until", d->at != WHEN_NONE ? when_iso(d->at, at) : ""), F_INT("records", d->count));
}
