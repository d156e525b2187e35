#include "load/views/views_job.h"
#include "load/command/command.h"
#include "load/command/session_thread.h"
#include "load/views/view_make.h"
#include "shared/log/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES     2u   /* after the first: the next load tries again, too */
#define NAMES_MAX 1024 /* of the columns that came; what is longer is cut */

struct views_job {
    struct session_thread *thread;
    struct views_job_conf conf;
    struct views_job_table *tables;
    struct member_new **news; /* of each */
    size_t count;
    PGresult *list; /* the database's tables */
    views_job_done_fn *done;
    void *ctx;
};

/* ---- telling ---- */

static void tell_columns(const struct view_make *m)
{
    char names[NAMES_MAX] = "";
    size_t len = 0;

    for (size_t i = 0; i < m->plan->count; i++) {
        if (m->plan->columns[i].there)
            continue;
        int more = snprintf(names + len, sizeof names - len, "%s%s", len > 0 ? ", " : "",
                            m->plan->columns[i].name);
        if (more < 0 || (size_t)more >= sizeof names - len) {
            names[len] = '\0';
            break;
        }
        len += (size_t)more;
    }
    LOG(LOG_INFO, "views", "members that no record had before have their columns in the view",
        F_STR("table", m->at.target->table), F_STR("schema", m->at.schema),
        F_INT("added", m->plan->added), F_STR("columns", names));
}

static enum err_code tell(const struct view_make *m, struct err *e)
{
    if (m->status == VIEW_MADE)
        return view_sql_tell_grants(&m->at, e);
    if (m->status == VIEW_CHANGED)
        tell_columns(m);
    return OK;
}

static void tell_failure(const struct views_job_table *t)
{
    if (t->err.code == ERR_INTERRUPTED)
        LOG(LOG_DEBUG, "views-failed", "stopped before the view was looked at",
            F_STR("table", t->table), F_ERR(&t->err));
    else
        LOG(LOG_WARN, "views-failed",
            t->read
                ? "the table is loaded, and its view does not show all of its members yet; loads "
                  "try again after six hours, and netty-load views --apply does at once"
                : "the table is loaded, and its view does not show all of its members yet; a "
                  "later load tries again, and netty-load views --apply does at once",
            F_STR("table", t->table), F_ERR(&t->err), F_STR("sqlstate", t->err.sqlstate));
}

/* ---- the thread ---- */

static enum err_code list(void *ctx, struct session *s, struct err *e)
{
    struct views_job *job = ctx;

    return session_list(s, job->conf.schema, &job->list, e);
}

static int row_of(const PGresult *r, const char *table)
{
    for (int i = 0; i < PQntuples(r); i++)
        if (strcmp(PQgetvalue(r, i, LIST_TABLE), table) == 0)
            return i;
    return -1;
}

static enum err_code do_table(struct views_job *job, struct session *s, struct views_job_table *t,
                              struct err *e)
{
    struct command_context c = {.options = job->conf.options, .name = "views", .session = s};
    struct command_table target = {0};
    struct view_make m;
    int row = row_of(job->list, t->table);

    if (row < 0)
        return err_set(e, ERR_CONFIG, "the database has no table netty-%s any more", t->table);
    view_make_init(&m, &c, &target);
    m.apply = true;
    m.members = t->whole ? t->news : NULL;
    m.members_count = t->count;
    enum err_code rc = relation_read(&target.relation, job->list, row, e);
    if (rc == OK && (target.table = strdup(t->table)) == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    if (rc == OK)
        rc = view_make_run(&m, e);
    t->read = m.read;
    if (rc == OK)
        rc = tell(&m, e);
    view_make_free(&m);
    relation_free(&target.relation);
    free(target.table);
    return rc;
}

static void work(void *ctx, struct session *s)
{
    struct views_job *job = ctx;
    struct err e = ERR_INIT;
    enum err_code rc = session_try(s, list, job, &e);

    for (size_t i = 0; i < job->count; i++) {
        struct views_job_table *t = &job->tables[i];
        if (rc != OK)
            t->err = e;
        else
            (void)do_table(job, s, t, &t->err);
        if (t->err.code != OK)
            tell_failure(t);
        if (rc == OK && session_unreachable(s)) { /* nor are the others to be had */
            rc = t->err.code;
            e = t->err;
        }
    }
    PQclear(job->list);
}

static void release(struct views_job *job)
{
    for (size_t i = 0; i < job->count; i++)
        free(job->news[i]);
    free(job->news);
    free(job->tables);
    free(job);
}

static void on_done(void *ctx)
{
    struct views_job *job = ctx;

    job->done(job->ctx, job->tables, job->count);
    release(job);
}

/* ---- beginning and end ---- */

static enum err_code copy(struct views_job *job, const struct views_job_table *tables, size_t n,
                          struct err *e)
{
    job->tables = calloc(n + 1, sizeof *job->tables);
    job->news = calloc(n + 1, sizeof(void *));
    if (job->tables == NULL || job->news == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (; job->count < n; job->count++) {
        struct views_job_table *t = &job->tables[job->count];
        *t = tables[job->count];
        t->err = ERR_INIT;
        struct member_new *news = calloc(t->count + 1, sizeof *news);
        if (news == NULL)
            return err_set(e, ERR_NOMEM, "out of memory");
        if (t->count > 0)
            memcpy(news, tables[job->count].news, t->count * sizeof *news);
        job->news[job->count] = news;
        t->news = news;
    }
    return OK;
}

enum err_code views_job_start(struct views_job **out, uv_loop_t *loop,
                              const struct views_job_conf *conf,
                              const struct views_job_table *tables, size_t n,
                              views_job_done_fn *done, void *ctx, struct err *e)
{
    struct views_job *job = calloc(1, sizeof *job);
    enum err_code rc;

    *out = NULL;
    if (job == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    job->conf = *conf;
    job->conf.backoff.tries = conf->backoff.tries < TRIES ? conf->backoff.tries : TRIES;
    job->done = done;
    job->ctx = ctx;
    rc = copy(job, tables, n, e);
    if (rc == OK)
        rc = session_thread_start(&job->thread, loop, job->conf.conninfo, &job->conf.backoff, work,
                                  on_done, job, e);
    if (rc != OK)
        release(job);
    else
        *out = job;
    return rc;
}

void views_job_stop(struct views_job *job)
{
    session_thread_stop(job->thread);
}
