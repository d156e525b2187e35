#include "load/account.h"

#include "shared/log.h"
#include "shared/names.h"
#include "shared/when.h"
#include "spool/runs.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    char table[NAMES_TABLE_MAX + 1];
    struct table_counts seen; /* of which history or `run` knows */
    struct runs_entry run;    /* what is not written yet */
    bool open;                /* ... and there is some */
    int64_t told;             /* when_tick() of the last line; 0: none yet */
    struct entry *next;
};

struct account {
    struct account_conf conf;
    uv_timer_t timer;
    struct entry *entries;
};

static void on_timer(uv_timer_t *timer);

enum err_code account_open(struct account **a, uv_loop_t *loop, const struct account_conf *conf,
                           struct err *e)
{
    *a = calloc(1, sizeof **a);
    if (*a == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    (*a)->conf = *conf;
    (void)uv_timer_init(loop, &(*a)->timer); /* cannot fail */
    (*a)->timer.data = *a;
    if (conf->follow)
        (void)uv_timer_start(&(*a)->timer, on_timer, ACCOUNT_SPAN / 1000, ACCOUNT_SPAN / 1000);
    uv_unref((uv_handle_t *)&(*a)->timer);
    return OK;
}

static struct entry *find(struct account *a, const char *table)
{
    for (struct entry *i = a->entries; i != NULL; i = i->next)
        if (strcmp(i->table, table) == 0)
            return i;
    struct entry *made = calloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    (void)snprintf(made->table, sizeof made->table, "%s", table);
    made->next = a->entries;
    a->entries = made;
    return made;
}

/* A spool that only lets itself be read is no trouble: the loader needs no more of it. */
static void write_line(struct account *a, struct entry *i)
{
    struct err e = ERR_INIT;
    if (!i->open)
        return;
    i->open = false;
    i->told = when_tick();
    if (a->conf.spool == NULL || runs_add(a->conf.spool, i->table, RUNS_LOAD, &i->run, &e) == OK)
        return;
    bool harmless = e.sys == EROFS || e.sys == EACCES || e.sys == EPERM;
    LOG(harmless ? LOG_DEBUG : LOG_WARN, "history", "the spool is not told how the run went",
        F_STR("table", i->table), F_ERR(&e));
}

static void write_all(struct account *a)
{
    for (struct entry *i = a->entries; i != NULL; i = i->next)
        write_line(a, i);
}

static void on_timer(uv_timer_t *timer)
{
    write_all(timer->data);
}

static void add_counts(struct entry *i, const struct table_counts *c)
{
    struct table_counts *seen = &i->seen;
    int64_t *n = i->run.counts;
    n[RUN_READ] += (int64_t)(c->read - seen->read);
    n[RUN_INSERTED] += (int64_t)(c->inserted - seen->inserted);
    n[RUN_UPDATED] += (int64_t)(c->updated - seen->updated);
    n[RUN_UNCHANGED] += (int64_t)(c->unchanged - seen->unchanged);
    n[RUN_STALE] += (int64_t)(c->stale - seen->stale);
    n[RUN_FOLDED] += (int64_t)(c->folded - seen->folded);
    n[RUN_DEAD] += (int64_t)(c->dead - seen->dead);
    n[RUN_BATCHES] += (int64_t)(c->batches - seen->batches);
    n[RUN_RETRIES] += (int64_t)(c->retries - seen->retries);
    i->run.busy += c->busy - seen->busy;
}

/* The last word counts: a table that failed and then went well goes well. */
static void judge(struct runs_entry *run, const struct err *err)
{
    const char *status = "complete";
    if (err != NULL)
        status = err->code == ERR_INTERRUPTED ? "partial" : "failed";
    (void)snprintf(run->status, sizeof run->status, "%s", status);
    (void)snprintf(run->error, sizeof run->error, "%s", err != NULL ? err_word(err->code) : "");
}

void account_loaded(struct account *a, const char *table, const struct table_counts *counts,
                    const struct err *err)
{
    struct entry *i = a != NULL ? find(a, table) : NULL;
    int64_t now = when_now();
    if (i == NULL)
        return;
    bool nothing = err == NULL && counts->read == i->seen.read && i->run.error[0] == 0;
    if (a->conf.follow && nothing && !i->open && i->told != 0) {
        i->seen = *counts;
        return;
    }
    if (!i->open) {
        i->run = (struct runs_entry){.complete_to = WHEN_NONE};
        i->run.began = now - (counts->busy - i->seen.busy);
        (void)snprintf(i->run.kind, sizeof i->run.kind, "%s", a->conf.kind);
    }
    i->open = true;
    i->run.ended = now;
    add_counts(i, counts);
    judge(&i->run, err);
    i->seen = *counts;
    if (!a->conf.follow || i->told == 0 || when_tick() - i->told >= ACCOUNT_SPAN)
        write_line(a, i);
}

void account_done(struct account *a)
{
    if (a == NULL)
        return;
    write_all(a);
    for (struct entry *i = a->entries; i != NULL; i = i->next)
        i->seen = (struct table_counts){0};
}

void account_spool(struct account *a, const struct spool *s)
{
    if (a != NULL)
        a->conf.spool = s;
}

static void on_closed(uv_handle_t *h)
{
    struct account *a = h->data;
    while (a->entries != NULL) {
        struct entry *i = a->entries;
        a->entries = i->next;
        free(i);
    }
    free(a);
}

void account_close(struct account *a)
{
    if (a == NULL)
        return;
    write_all(a);
    uv_close((uv_handle_t *)&a->timer, on_closed);
}
