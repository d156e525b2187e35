#include "tests/sim/api/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err_code start_mood(struct world *w, struct err *e)
{
    for (size_t i = 0; i < w->n; i++)
        w->tables[i].mood = mood_good;
    w->common = mood_good;
    if (w->conf->mood == NULL)
        return OK;
    char *text = strdup(w->conf->mood);
    if (text == NULL)
        return err_set(e, ERR_NOMEM, "no memory for the mood");
    struct args args = {.n = 0};
    enum err_code rc = args_split(&args, text, e);
    if (rc == OK)
        rc = world_set_mood(w, NULL, &args, e);
    free(text);
    return rc != OK ? err_prefix(e, "--mood") : OK;
}

enum err_code world_open(struct world **out, const struct sim_conf *conf, struct err *e)
{
    enum err_code rc;
    *out = NULL;
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL)
        return err_set(e, ERR_NOMEM, "no memory for a world");
    w->conf = conf;
    (void)snprintf(w->key, sizeof w->key, "%s", conf->key);
    pthread_mutex_init(&w->lock, NULL);
    if ((rc = zone_open(&w->utc, "UTC", e)) != OK ||
        (rc = reqlog_open(&w->log, conf->log_file, e)) != OK)
        goto done;
    if ((w->kept = kept_open(conf->keep)) == NULL) {
        rc = err_set(e, ERR_NOMEM, "no memory for the records' texts");
        goto done;
    }
    for (; w->n < conf->n_tables; w->n++) {
        if ((rc = table_open(&w->tables[w->n].table, &conf->tables[w->n], e)) != OK)
            goto done;
    }
    rc = start_mood(w, e);
done:
    if (rc == OK)
        *out = w;
    else
        world_close(w);
    return rc;
}

void world_close(struct world *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->n; i++) {
        table_close(w->tables[i].table);
        spoils_free(&w->tables[i].spoils);
    }
    kept_close(w->kept);
    reqlog_close(w->log);
    zone_close(w->utc);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

struct world_table *world_table(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++) {
        if (strcmp(table_name(w->tables[i].table), name) == 0)
            return &w->tables[i];
    }
    return NULL;
}

struct query_ways world_ways(const struct world_table *t)
{
    const struct mood *m = &t->mood;
    return (struct query_ways){.sort_key = (enum query_form)m->sort_key,
                               .equal_filter = (enum query_form)m->equal_filter,
                               .ties = (enum query_ties)m->ties,
                               .draw = t->requests,
                               .thin_permille = (uint64_t)m->thin_permille,
                               .thin_from = (uint64_t)m->thin_from,
                               .thin_n = (uint64_t)m->thin_n};
}

int64_t world_now(const struct world *w)
{
    return (w->conf->clock_fixed ? w->conf->start : when_now()) + w->shift;
}

void world_tick(struct world *w)
{
    if (w->conf->clock_fixed)
        w->shift += w->conf->tick;
}

enum err_code world_set_mood(struct world *w, const char *name, const struct args *args,
                             struct err *e)
{
    enum err_code rc;
    for (size_t i = 0; name != NULL && i < args->n; i++) {
        if (mood_is_throttle(args->at[i].name))
            return err_set(e, ERR_USAGE, "%s: it is the key's, so leave the table away",
                           args->at[i].name);
    }
    struct mood common = w->common, moods[SIM_TABLES_MAX];
    if ((rc = mood_set(&common, args, e)) != OK)
        return rc;
    for (size_t i = 0; i < w->n; i++) {
        moods[i] = w->tables[i].mood;
        if ((rc = mood_set(&moods[i], args, e)) != OK)
            return rc;
    }
    for (size_t i = 0; i < w->n; i++) {
        struct world_table *t = &w->tables[i];
        if (name != NULL && strcmp(table_name(t->table), name) != 0)
            continue;
        t->mood = moods[i];
        t->faults = 0;
        t->saved = false;
    }
    if (name == NULL) {
        w->common = common;
        w->gate = (struct gate){0};
    }
    return OK;
}

static void close_gate(struct world *w)
{
    w->gate = (struct gate){
        .closed = true,
        .until = when_tick() + w->common.throttle_seconds * WHEN_SECOND,
        .left = w->common.throttle_requests,
    };
}

bool world_throttled(struct world *w)
{
    const struct mood *m = &w->common;
    struct gate *g = &w->gate;
    if (g->closed) {
        bool timed = m->throttle_seconds > 0, counted = m->throttle_requests > 0;
        if (!timed && !counted)
            return true; /* until the mood changes */
        bool by_time = timed && when_tick() < g->until;
        bool by_count = counted && g->left-- > 0;
        if (by_time && m->throttle_extends)
            g->until = when_tick() + m->throttle_seconds * WHEN_SECOND;
        if (by_time || by_count)
            return true;
        *g = (struct gate){0};
    }
    if (m->throttle_after < 0 || g->passed++ < m->throttle_after)
        return false;
    close_gate(w);
    w->gate.left--; /* this one */
    return true;
}

int64_t world_throttle_left(const struct world *w)
{
    int64_t left = w->gate.until - when_tick();
    return w->gate.closed && left > 0 ? left : 0;
}
