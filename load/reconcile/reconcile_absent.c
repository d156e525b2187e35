#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/reconcile/reconcile_private.h"
#include "shared/base/array.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)200000) /* rows that are held against the roll at once: some megabytes */
#define PAGE  ((size_t)5000)   /* rows of one statement */

/* By so much the times that the source shows, that its filter reads and that clocks tell may differ (extract/crawl/crawl.h). Once a crawl has ended,
 * only the choice of the rows that are looked at depends on it. */
#define SKEW   (INT64_C(27) * 3600 * WHEN_SECOND)
#define MARGIN (60 * WHEN_SECOND)

enum {
    SEEN = 1,
    DELETED = 2 /* as the source shows it */
};

struct chunk {
    int64_t *keys; /* ascending */
    int64_t *times;
    unsigned char *flags;
    size_t n;
    struct revival *deleted; /* of them, those that bear a mark */
    size_t deleted_count;
    size_t deleted_capacity;
};

struct absence_check {
    struct reconcile_task *task;
    struct chunk chunk;
    int64_t from; /* the next row's key is not less */
    bool end;
    size_t page;
    struct inventory_pair *gone;
    size_t gone_count;
    size_t rows_capacity;
    uint64_t beyond; /* rows that missing.json has no room for */
};

/* ---- the database's rows ---- */

static enum err_code add_deleted(struct chunk *c, int64_t key, const char *deletion, struct err *e)
{
    struct revival *more =
        array_room(c->deleted, &c->deleted_capacity, c->deleted_count, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    c->deleted = more;
    struct revival *r = &c->deleted[c->deleted_count++];
    *r = (struct revival){.key = key};
    /* What is longer is no mark of ours; and never a time, so that nothing will come of it. */
    (void)snprintf(r->deletion, sizeof r->deletion, "%s",
                   strlen(deletion) < sizeof r->deletion ? deletion : "-");
    return OK;
}

static enum err_code take_rows(struct absence_check *j, const PGresult *r, struct err *e)
{
    struct chunk *c = &j->chunk;
    size_t n = (size_t)PQntuples(r);
    enum err_code rc = OK;
    for (size_t i = 0; i < n && rc == OK; i++) {
        int row = (int)i;
        c->keys[c->n] = db_answer_number(r, row, 0);
        c->times[c->n] = PQgetisnull(r, row, 1) ? WHEN_NONE : db_answer_number(r, row, 1);
        c->flags[c->n] = 0;
        if (!PQgetisnull(r, row, 2))
            rc = add_deleted(c, c->keys[c->n], PQgetvalue(r, row, 2), e);
        c->n++;
    }
    j->end = n < j->page || c->keys[c->n - 1] >= j->task->relation.key_max;
    if (!j->end)
        j->from = c->keys[c->n - 1] + 1;
    return rc;
}

static enum err_code try_page(void *ctx, struct session *s, struct err *e)
{
    struct absence_check *j = ctx;
    const struct relation *rel = &j->task->relation;
    char from[24];
    char rows[24];
    PGresult *r = NULL;
    if (session_too_slow(s) && j->page > 1)
        j->page /= 2;
    (void)snprintf(from, sizeof from, "%" PRId64, j->from);
    (void)snprintf(rows, sizeof rows, "%zu", j->page);
    const struct sql_var vars[] = {{"schema", rel->schema}, {"relation", rel->name},
                                   {"key", rel->key},       {"keytype", rel->key_type},
                                   {"from", from},          {"rows", rows}};
    enum err_code rc = session_run(s, sql_reconcile_keys, vars, 6, &r, e);
    if (rc == OK)
        rc = take_rows(j, r, e);
    PQclear(r);
    return rc;
}

static enum err_code read_chunk(struct absence_check *j, struct err *e)
{
    enum err_code rc = OK;
    j->chunk.n = j->chunk.deleted_count = 0;
    while (rc == OK && !j->end && j->chunk.n + j->page <= CHUNK) {
        if (atomic_load(j->task->stop))
            return err_set(e, ERR_INTERRUPTED, "stopped before the end; the next run does it anew");
        rc = session_try(j->task->session, try_page, j, e);
    }
    return rc;
}

/* ---- against the roll ---- */

static void flag_key(struct chunk *c, int64_t key, unsigned char flags)
{
    size_t low = 0;
    size_t high = c->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < c->n && c->keys[low] == key)
        c->flags[low] = flags;
}

static enum err_code on_line(void *ctx, const struct inventory_line *line, struct err *e)
{
    struct chunk *c = ctx;
    (void)e;
    for (size_t i = 0; i < line->count; i++)
        flag_key(c, line->keys[i], SEEN);
    for (size_t i = 0; i < line->deleted_count; i++)
        flag_key(c, line->deleted[i], SEEN | DELETED);
    if (line->kind == INVENTORY_LOOKUP)
        for (size_t i = 0; i < line->lookup->present_count; i++)
            flag_key(c, line->lookup->present[i], SEEN);
    return OK;
}

/* Whether the roll must have a record that shows this time. Judged by the source's clock, if it is known, since the times are the source's. */
static bool covered(const struct reconcile_task *t, int64_t time)
{
    const struct inventory_state *s = &t->state;
    int64_t began = s->clock;
    if (began == WHEN_NONE)
        return false;
    if (!s->window.ended)
        return time != WHEN_NONE && s->window.to != WHEN_NONE && time < s->window.to - SKEW &&
               time < began - MARGIN;
    return time == WHEN_NONE || time < began - MARGIN || time > s->window.clock + SKEW;
}

static const struct missing_row *known(const struct missing_entry *old, int64_t key, int64_t time)
{
    size_t low = 0;
    size_t high = old->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (old->rows[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    bool same = low < old->count && old->rows[low].key == key && old->rows[low].time == time;
    return same ? &old->rows[low] : NULL;
}

static enum err_code add_missing(struct absence_check *j, struct missing_row row, struct err *e)
{
    struct missing_entry *now = &j->task->now;
    if (now->count == MISSING_MAX) {
        j->beyond++;
        return OK;
    }
    struct missing_row *more =
        array_room(now->rows, &j->rows_capacity, now->count, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    now->rows = more;
    now->rows[now->count++] = row;
    return OK;
}

static enum err_code add_gone(struct absence_check *j, int64_t key, int64_t time, struct err *e)
{
    struct inventory_pair *more = realloc(j->gone, (j->gone_count + 1) * sizeof *more);
    if (more == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    j->gone = more;
    j->gone[j->gone_count++] = (struct inventory_pair){key, time};
    return OK;
}

/* Judges a row without a mark that the roll lacks. If an earlier roll lacked it, too, the record is gone: that roll began after the row was in
 * the database, and this one after that one was judged. */
static enum err_code check_row(struct absence_check *j, int64_t key, int64_t time, struct err *e)
{
    const struct reconcile_task *t = j->task;
    const struct inventory_state *s = &t->state;
    const struct missing_row *old = known(&t->old, key, time);
    bool here = covered(t, time);
    bool proves = s->unkeyed == 0;
    if (old == NULL && !here)
        return OK;
    struct missing_row row = {key, time, proves ? s->window.at : WHEN_NONE};
    if (old != NULL && old->since != WHEN_NONE)
        row.since = old->since;
    bool second = old != NULL && old->since != WHEN_NONE && old->since < s->began && proves;
    if (second && here && s->window.ended) {
        enum err_code rc = add_gone(j, key, time, e);
        if (rc != OK)
            return rc;
    }
    return add_missing(j, row, e);
}

/* Collects marks to be removed: they are older than the roll, and the roll has their record. */
static enum err_code revive(struct absence_check *j, struct err *e)
{
    struct chunk *c = &j->chunk;
    size_t kept = 0;
    size_t at = 0;
    for (size_t i = 0; i < c->deleted_count; i++) {
        struct revival *r = &c->deleted[i];
        int64_t when = WHEN_NONE;
        while (c->keys[at] < r->key)
            at++;
        bool ours =
            when_parse(r->deletion, strlen(r->deletion), NULL, &when) == OK && when != WHEN_NONE;
        if ((c->flags[at] & SEEN) == 0 || !ours || when >= j->task->state.began)
            continue;
        r->deleted = (c->flags[at] & DELETED) != 0;
        c->deleted[kept++] = *r;
    }
    enum err_code rc = OK;
    for (size_t i = 0; i < kept && rc == OK; i += RECONCILE_ROWS)
        rc = reconcile_undelete(j->task, c->deleted + i,
                                kept - i < RECONCILE_ROWS ? kept - i : RECONCILE_ROWS, e);
    return rc;
}

static enum err_code check_chunk(struct absence_check *j, struct err *e)
{
    const struct reconcile_task *t = j->task;
    struct chunk *c = &j->chunk;
    struct inventory_state state;
    size_t deleted = 0;
    enum err_code rc = inventory_read(t->conf->spool, t->table, &state, on_line, c, e);
    if (rc == OK && state.began != t->state.began)
        rc = err_set(e, ERR_BUSY, "a new roll was begun meanwhile");
    for (size_t i = 0; i < c->n && rc == OK; i++) {
        bool bears = deleted < c->deleted_count && c->deleted[deleted].key == c->keys[i];
        deleted += bears;
        if (!bears && (c->flags[i] & SEEN) == 0)
            rc = check_row(j, c->keys[i], c->times[i], e);
    }
    return rc == OK ? revive(j, e) : rc;
}

enum err_code reconcile_find_absent(struct reconcile_task *t, struct inventory_pair **gone,
                                    size_t *n, struct err *e)
{
    struct absence_check j = {.task = t, .from = t->relation.key_min, .page = PAGE};
    struct chunk *c = &j.chunk;
    enum err_code rc = OK;
    c->keys = calloc(CHUNK + 1, sizeof *c->keys);
    c->times = calloc(CHUNK + 1, sizeof *c->times);
    c->flags = calloc(CHUNK + 1, 1);
    if (c->keys == NULL || c->times == NULL || c->flags == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    while (rc == OK && !j.end)
        if ((rc = read_chunk(&j, e)) == OK && c->n > 0)
            rc = check_chunk(&j, e);
    if (j.beyond > 0)
        LOG(LOG_WARN, "missing", "more records are missing than can be looked at at once",
            F_STR("table", t->table), F_INT("beyond", j.beyond));
    free(c->keys);
    free(c->times);
    free(c->flags);
    free(c->deleted);
    *gone = j.gone;
    *n = j.gone_count;
    return rc;
}
