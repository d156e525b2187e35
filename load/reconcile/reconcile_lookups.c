#include "load/reconcile/reconcile_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/journal/moved.h"
#include "spool/reader/reader.h"
#include "spool/store/table_dir.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_fresh(int64_t complete_to, int64_t fetched, int64_t at, int64_t clock)
{
    return complete_to != WHEN_NONE && complete_to >= clock && fetched >= at;
}

/* Finds out whether the page was met again since, without news (its position then stands beside the journal). */
static enum err_code met_again(const struct reconcile_task *t, const struct page_info *page,
                               int64_t at, int64_t clock, bool *fresh, struct err *e)
{
    char dir[IO_PATH];
    struct moved moved;
    enum err_code rc = table_dir(dir, t->conf->spool, t->table, e);
    if (rc == OK)
        rc = moved_read(dir, &moved, e);
    if (rc == OK && moved_is_of(&moved, page))
        *fresh = is_fresh(moved.complete_to, moved.fetched, at, clock);
    return rc;
}

/* The newest two segments are looked at. */
enum err_code reconcile_fresh(const struct reconcile_task *t, int64_t at, int64_t clock,
                              bool *fresh, struct err *e)
{
    struct reader *r = NULL;
    const struct page_info *info = NULL;
    enum reader_what what = READER_PAGE;
    struct page_info last = {.chain = 0};
    struct err damage = ERR_INIT;
    struct page_place from = {t->place.segment > 1 ? t->place.segment - 1 : 0, 0};
    *fresh = false;
    enum err_code rc = reader_open_trusting(&r, t->conf->spool, t->table, e);
    if (rc == OK)
        rc = reader_seek(r, from, e);
    while (rc == OK && what != READER_END && !*fresh) {
        rc = reader_next(r, &info, &what, &damage);
        if (rc != OK)
            *e = damage;
        else if (what == READER_PAGE && page_compare(info->place, t->place) > 0)
            break;
        else if (what == READER_PAGE) {
            *fresh = is_fresh(info->complete_to, info->fetched, at, clock);
            last = *info;
        }
    }
    if (rc == OK && !*fresh)
        rc = met_again(t, &last, at, clock, fresh, e);
    reader_close(r);
    return rc;
}

/* ---- lookups ---- */

struct lookups {
    const struct reconcile_task *task;
    struct inventory_pair *absent;
    size_t absent_count;
    int64_t *keys; /* all that were asked for */
    size_t keys_count;
    int64_t at, clock; /* of the last lookup */
    uint64_t number;
};

static enum err_code on_lookup(void *ctx, const struct inventory_line *line, struct err *e)
{
    struct lookups *l = ctx;
    if (line->kind != INVENTORY_LOOKUP || line->number <= l->task->lookups)
        return OK;
    const struct inventory_lookup *lookup = line->lookup;
    size_t absent = l->absent_count + lookup->absent_count;
    size_t keys = l->keys_count + lookup->absent_count + lookup->present_count;
    struct inventory_pair *pairs = realloc(l->absent, (absent + 1) * sizeof *pairs);
    if (pairs != NULL)
        l->absent = pairs;
    int64_t *all = realloc(l->keys, (keys + 1) * sizeof *all);
    if (all != NULL)
        l->keys = all;
    if (pairs == NULL || all == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < lookup->absent_count; i++) {
        l->absent[l->absent_count++] = lookup->absent[i];
        l->keys[l->keys_count++] = lookup->absent[i].key;
    }
    for (size_t i = 0; i < lookup->present_count; i++)
        l->keys[l->keys_count++] = lookup->present[i];
    l->at = lookup->at;
    l->clock = lookup->clock;
    l->number = line->number;
    return OK;
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* Drops keys that were looked up from the candidates. */
static void drop_looked_up(struct missing_entry *entry, int64_t *keys, size_t n)
{
    size_t kept = 0;
    if (n == 0)
        return;
    qsort(keys, n, sizeof *keys, by_number);
    for (size_t i = 0; i < entry->count; i++)
        if (bsearch(&entry->rows[i].key, keys, n, sizeof *keys, by_number) == NULL)
            entry->rows[kept++] = entry->rows[i];
    entry->count = kept;
}

static void show_some(char *out, size_t room, const struct inventory_pair *pairs, size_t n)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && i < 10 && len < room; i++)
        len += (size_t)snprintf(out + len, room - len, "%s%lld", i > 0 ? " " : "",
                                (long long)pairs[i].key);
}

enum err_code reconcile_act(struct reconcile_task *t, const struct inventory_pair *pairs, size_t n,
                            int64_t at, uint64_t lookups, uint64_t *held, struct err *e)
{
    char keys[256];
    uint64_t deleted = 0;
    *held = 0;
    enum err_code rc = n > 0 ? reconcile_delete_limit(t, e) : OK;
    if (rc == OK && n > 0)
        rc = reconcile_delete_count(t, pairs, n, &deleted, e);
    if (rc != OK)
        return rc;
    show_some(keys, sizeof keys, pairs, n);
    if (deleted > 0 && t->deleted + deleted > t->allowed) {
        *held = deleted;
        LOG(deleted == t->now.held ? LOG_WARN : LOG_ERROR, "max-deletes",
            "more records are gone from the source than --max-deletes allows, so none is marked; "
            "look at "
            "some of them, then run netty-load with a greater --max-deletes, or have netty-extract "
            "--reconcile --restart begin anew",
            F_STR("table", t->table), F_INT("gone", deleted), F_INT("marked", t->deleted),
            F_INT("allowed", t->allowed), F_STR("keys", keys));
        return OK;
    }
    if (n > 0)
        LOG(LOG_INFO, "deleted",
            t->conf->dry_run ? "records that the source no longer has would be marked as deleted"
                             : "records that the source no longer has are marked as deleted",
            F_STR("table", t->table), F_INT("records", n), F_STR("keys", keys));
    if (t->conf->dry_run) {
        t->row->deleted += n;
        return OK;
    }
    return reconcile_delete_rows(t, pairs, n, at, lookups, e);
}

enum err_code reconcile_read_lookups(struct reconcile_task *t, bool *changed, struct err *e)
{
    struct lookups l = {.task = t};
    struct inventory_state state;
    bool fresh = false;
    uint64_t held = 0;
    enum err_code rc = inventory_read(t->conf->spool, t->table, &state, on_lookup, &l, e);
    if (rc == OK && state.began != t->state.began)
        rc = err_set(e, ERR_BUSY, "a new roll was begun meanwhile");
    if (rc == OK)
        rc = reconcile_fresh(t, l.at, l.clock, &fresh, e);
    if (rc != OK || !fresh)
        goto done;
    if ((rc = reconcile_act(t, l.absent, l.absent_count, l.at, l.number, &held, e)) != OK)
        goto done;
    *changed = true;
    t->now.held = t->row->held = held;
    if (held == 0) {
        t->now.lookups = l.number;
        drop_looked_up(&t->now, l.keys, l.keys_count);
    }
done:
    free(l.absent);
    free(l.keys);
    return rc;
}
