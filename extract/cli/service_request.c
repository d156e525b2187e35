/* Runs that somebody asks for between those of --every: POST /run, SIGUSR1, or a request in the spool (run_request.h). */
#include "extract/cli/service_private.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <string.h>

#define LOOK_MS  1000
#define PAUSE_MS 60000 /* after a request that cannot be read, or done */

static enum err_code check_table(struct service *s, const char *table, struct err *e)
{
    struct fetch_plan plan;
    bool known = table[0] == '\0';
    enum err_code rc = fetch_plan_make(&plan, s->options, s->spool, e);
    if (rc != OK)
        return rc;
    for (size_t i = 0; i < plan.count && !known; i++)
        known = strcmp(plan.wants[i].name, table) == 0;
    fetch_plan_free(&plan);
    return known
               ? OK
               : err_set(e, ERR_USAGE, "%.64s is none of the tables that are fetched here", table);
}

static enum err_code begin(struct service *s, const char *table, struct err *e)
{
    enum err_code rc = check_table(s, table, e);
    if (rc != OK)
        return rc;
    s->asked = true;
    (void)snprintf(s->only, sizeof s->only, "%s", table);
    service_run_soon(s);
    return OK;
}

static enum err_code check_idle(const struct service *s, struct err *e)
{
    if (s->leaving || s->over)
        return err_set(e, ERR_BUSY, "the program is about to end");
    return s->run != NULL || s->asked ? err_set(e, ERR_BUSY, "a run is under way") : OK;
}

enum err_code service_ask(void *ctx, const char *table, char id[RUN_REQUEST_ID], struct err *e)
{
    struct service *s = ctx;
    enum err_code rc = check_idle(s, e);
    if (rc == OK)
        rc = run_request_draw(id, e);
    return rc == OK ? begin(s, table, e) : rc;
}

/* A signal has nobody to answer: what comes during a run is heard no more. */
static void on_user(void *ctx)
{
    struct service *s = ctx;
    struct err e = ERR_INIT;
    enum err_code rc = check_idle(s, &e);
    if (rc == OK)
        rc = begin(s, "", &e);
    if (rc != OK)
        LOG(LOG_INFO, "run-asked", "SIGUSR1 asked for a run, and none is begun", F_ERR(&e));
}

static void on_look(uv_timer_t *timer)
{
    struct service *s = timer->data;
    struct run_request request;
    struct err e = ERR_INIT;
    bool there = false;
    if (check_idle(s, NULL) != OK)
        return;
    enum err_code rc = run_request_take(s->spool, &request, &there, &e);
    if (rc == OK && there) {
        LOG(LOG_INFO, "run-asked", "the spool holds a request for a run", F_STR("run", request.id),
            F_STR("table", request.table));
        rc = begin(s, request.table, &e);
    }
    if (rc == OK)
        return;
    LOG(LOG_WARN, "run-asked", "a request for a run cannot be done", F_ERR(&e));
    (void)uv_timer_start(&s->look, on_look, PAUSE_MS, LOOK_MS);
}

enum err_code service_requests_open(struct service *s, struct err *e)
{
    enum err_code rc = stop_signals_on_user(s->stop, on_user, s, e);
    if (rc != OK)
        return rc;
    if (uv_timer_init(&s->loop, &s->look) != 0)
        return err_set(e, ERR_INTERNAL, "cannot set up a timer");
    s->look.data = s;
    s->looks = true;
    uv_unref((uv_handle_t *)&s->look);
    (void)uv_timer_start(&s->look, on_look, LOOK_MS, LOOK_MS);
    return OK;
}

void service_requests_close(struct service *s)
{
    if (s->looks)
        uv_close((uv_handle_t *)&s->look, NULL);
    s->looks = false;
}

void service_take_asked(struct service *s)
{
    struct fetch_plan *p = &s->plan;
    size_t kept = 0;
    for (size_t i = 0; i < p->count && s->only[0] != '\0'; i++)
        if (strcmp(p->wants[i].name, s->only) == 0)
            p->wants[kept++] = p->wants[i];
    if (kept > 0)
        p->count = kept;
    s->only[0] = '\0';
    s->asked = false;
}
