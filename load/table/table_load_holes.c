/* Holes: pages that could not be read when it was their turn. They are looked at again before anything else, loaded out of their turn once they are
 * whole, and reported until then. */
#include "load/database/sql.h"
#include "load/table/table_load_private.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/segment/pruned.h"
#include "spool/status/run_history.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_gap_noted(void *ctx, const PGresult *r, const struct err *err);
static void on_hole_closed(void *ctx, const PGresult *r, const struct err *err);
static void on_ended(void *ctx, const PGresult *r, const struct err *err);

static bool is_ours(const struct table_load *t, const struct known_hole *h)
{
    return !t->behind && strcmp(h->branch, t->branch) == 0;
}

static struct known_hole *find(struct table_load *t, struct page_place place)
{
    struct known_progress *k = target_table_known(t->target);

    for (size_t i = 0; i < k->holes_count; i++)
        if (page_compare(k->holes[i].place, place) == 0 && is_ours(t, &k->holes[i]))
            return &k->holes[i];
    return NULL;
}

bool table_load_knows_hole(void *ctx, struct page_place place)
{
    struct table_load *t = ctx;
    struct known_hole *h = find(t, place);

    if (h != NULL)
        h->seen = true;
    return h != NULL;
}

/* Remembers the hole, so that it is no news from now on. Without memory for that it is reported twice. */
static void remember(struct table_load *t, const struct page_hole *hole)
{
    struct known_progress *k = target_table_known(t->target);
    struct known_hole *more = NULL;

    if (find(t, hole->place) != NULL)
        return;
    more = reallocarray(k->holes, k->holes_count + 1, sizeof *more);
    if (more == NULL)
        return;
    k->holes = more;
    struct known_hole *h = &more[k->holes_count++];
    *h = (struct known_hole){.after = hole->after,
                             .place = hole->place,
                             .gap = hole->gap,
                             .seen = true,
                             .since = when_now()};
    memcpy(h->branch, t->branch, sizeof h->branch);
}

void table_load_note_holes(struct table_load *t, const struct loaded_pages *pages)
{
    for (size_t i = 0; i < pages->holes_count; i++) {
        remember(t, &pages->holes[i]);
        if (t->hole != SIZE_MAX && t->found_count < LOADED_PAGES_HOLES)
            t->found_holes[t->found_count++] = pages->holes[i];
    }
}

static void key_of(const struct table_load *t, struct sql_var key[4])
{
    key[0] = (struct sql_var){"spool", spool_id(t->conf.spool)};
    key[1] = (struct sql_var){"schema", target_table_relation(t->target)->schema};
    key[2] = (struct sql_var){"table_name", t->name};
    key[3] = (struct sql_var){"branch", t->branch};
}

static enum err_code close_sql(const struct table_load *t, const struct known_hole *h,
                               struct buf *sql, struct err *e)
{
    char segment[24];
    char page[24];
    struct sql_var vars[6];

    key_of(t, vars);
    (void)snprintf(segment, sizeof segment, "%" PRIu64, h->place.segment);
    (void)snprintf(page, sizeof page, "%" PRIu64, h->place.page);
    vars[4] = (struct sql_var){"segment", segment};
    vars[5] = (struct sql_var){"page", page};
    return sql_expand(sql, sql_hole_close, vars, 6, e);
}

static void tell_closed(const struct table_load *t, const struct known_hole *h, const char *how)
{
    LOG(LOG_INFO, "filled", how, F_STR("table", t->name), F_INT("segment", h->place.segment),
        F_INT("page", h->place.page));
}

static void forget(struct table_load *t, struct known_hole *h)
{
    struct known_progress *k = target_table_known(t->target);

    *h = k->holes[--k->holes_count];
}

/* ---- each hole again ---- */

/* Whether the hole's pages may still come. Pages that were pruned cannot. */
static bool can_be_filled(const struct known_hole *h, uint64_t pruned)
{
    uint64_t last = h->place.page > 0 ? h->place.segment : h->place.segment - 1;

    return !h->gap && (last > pruned || pruned == 0);
}

static bool before(const struct known_hole *h, const struct lanes *at)
{
    for (size_t i = 0; i < LANES; i++)
        if (page_compare(h->place, at->at[i].place) > 0)
            return false;
    return true;
}

static enum err_code begin_hole(struct table_load *t, const struct known_hole *h, struct err *e)
{
    if (t->found_holes == NULL)
        t->found_holes = calloc(LOADED_PAGES_HOLES, sizeof *t->found_holes);
    if (t->found_holes == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    t->found_count = 0;
    t->hole_stays = false;
    t->hole_end = (struct progress){.place = h->place};
    for (size_t i = 0; i < LANES; i++)
        t->at.at[i] = (struct progress){.place = h->after};
    enum err_code rc = table_load_make_builder(t, e);
    return rc == OK ? table_load_seek(t, e) : rc;
}

static void next_hole(struct table_load *t)
{
    const struct known_progress *k = target_table_known(t->target);
    char dir[IO_PATH];
    uint64_t pruned = 0;
    struct err e = ERR_INIT;

    if (io_path(dir, spool_dir(t->conf.spool), t->name, &e) != OK ||
        pruned_read(dir, &pruned, NULL) != OK)
        pruned = 0;
    t->at = t->stands;
    for (; t->hole < k->holes_count; t->hole++) {
        const struct known_hole *h = &k->holes[t->hole];
        if (is_ours(t, h) && can_be_filled(h, pruned) && before(h, &t->stands) && !h->seen)
            break;
    }
    if (t->hole >= k->holes_count) {
        t->hole = SIZE_MAX;
        free(t->found_holes);
        t->found_holes = NULL;
        table_load_pages(t);
    } else if (begin_hole(t, &k->holes[t->hole], &e) == OK) {
        table_load_batch(t);
    } else {
        table_load_give_up(t, &e);
    }
}

/* The part of a hole that lies before the spool's first page, of which the reader reports nothing, stays a hole. */
static enum err_code still_before(struct table_load *t, const struct known_hole *h, struct err *e)
{
    struct page_hole gap;
    bool there = false;
    enum err_code rc = table_load_find_gap(t, h->after, &gap, &there, e);

    if (rc != OK || !there || page_compare(gap.place, h->place) > 0)
        return rc;
    if (page_compare(gap.place, h->place) == 0)
        t->hole_stays = true;
    else if (t->found_count < LOADED_PAGES_HOLES)
        t->found_holes[t->found_count++] = gap;
    return OK;
}

/* The hole's pages have been read: closes the hole, but for pages that are damaged now. */
void table_load_hole_done(struct table_load *t)
{
    struct known_progress *k = target_table_known(t->target);
    struct known_hole *h = &k->holes[t->hole];
    struct sql_var key[4];
    struct err e = ERR_INIT;
    enum err_code rc = OK;

    t->hole_stays = h->seen;
    h->seen = false;
    buf_reset(&t->sql);
    key_of(t, key);
    rc = still_before(t, h, &e);
    if (rc == OK && !t->hole_stays)
        rc = close_sql(t, h, &t->sql, &e);
    for (size_t i = 0; rc == OK && i < t->found_count; i++)
        rc = page_hole_sql(&t->found_holes[i], key, &t->sql, &e);
    if (rc != OK)
        table_load_give_up(t, &e);
    else if (t->sql.len > 0)
        table_load_ask(t, t->sql.data, on_hole_closed);
    else
        on_hole_closed(t, NULL, NULL);
}

static void on_hole_closed(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;
    struct known_hole *h = &target_table_known(t->target)->holes[t->hole];

    (void)r;
    if (err != NULL) {
        t->found = false;
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
        return;
    }
    if (t->hole_stays) {
        t->hole++;
    } else {
        tell_closed(t, h, "pages that could not be read have come in");
        forget(t, h);
    }
    next_hole(t);
}

/* ---- before and after the pages ---- */

static void begin_holes(struct table_load *t)
{
    t->hole = 0;
    next_hole(t);
}

static void note_gap(struct table_load *t, const struct page_hole *gap)
{
    struct sql_var key[4];
    struct err e = ERR_INIT;

    key_of(t, key);
    buf_reset(&t->sql);
    t->damaged++;
    LOG(LOG_WARN, "pruned",
        gap->gap ? "the spool no longer holds pages that this database has not loaded; fetch the "
                   "whole table "
                   "again: netty-extract --full"
                 : "the spool does not begin with its first segment: earlier ones have not "
                   "arrived, or are lost",
        F_STR("table", t->name), F_INT("segments", gap->place.segment - 1));
    remember(t, gap);
    if (t->conf.dry_run)
        begin_holes(t);
    else if (page_hole_sql(gap, key, &t->sql, &e) != OK)
        table_load_give_up(t, &e);
    else
        table_load_ask(t, t->sql.data, on_gap_noted);
}

static void on_gap_noted(void *ctx, const PGresult *r, const struct err *err)
{
    (void)r;
    if (err != NULL)
        table_load_failed(ctx, DB_PHASE_BOOKKEEPING, err);
    else
        begin_holes(ctx);
}

void table_load_begin(struct table_load *t)
{
    struct page_hole gap;
    bool there = false;
    struct err e = ERR_INIT;

    t->hole = SIZE_MAX;
    t->stands = t->at;
    t->found = true;
    if (t->conf.redrive) {
        table_load_pages(t);
        return;
    }
    if (table_load_find_gap(t, table_load_least(&t->at).place, &gap, &there, &e) != OK)
        table_load_give_up(t, &e);
    else if (there && !t->behind && !table_load_knows_hole(t, gap.place))
        note_gap(t, &gap);
    else if (t->conf.replay || t->conf.dry_run)
        table_load_pages(t);
    else
        begin_holes(t);
}

/* Whether the hole is no longer one. Holes behind the place where this load began were seen again, or are gone. Pages that are lost for good are
 * replaced by a backfill. */
static bool is_filled(const struct table_load *t, const struct known_hole *h)
{
    if (!h->gap && !h->seen && !before(h, &t->stands))
        return true;
    return run_history_full_since(t->conf.spool, t->name, h->since);
}

void table_load_ended(struct table_load *t)
{
    struct known_progress *k = target_table_known(t->target);
    struct err e = ERR_INIT;
    enum err_code rc = OK;

    buf_reset(&t->sql);
    for (size_t i = 0; rc == OK && !t->conf.dry_run && !t->conf.replay && !t->conf.redrive &&
                       i < k->holes_count;) {
        struct known_hole *h = &k->holes[i];
        if (!is_ours(t, h) || !is_filled(t, h)) {
            i++;
            continue;
        }
        rc = close_sql(t, h, &t->sql, &e);
        tell_closed(t, h,
                    h->gap || h->seen || before(h, &t->stands)
                        ? "all was fetched again: nothing is missing any more"
                        : "pages that could not be read have come in");
        forget(t, h);
    }
    if (rc != OK)
        table_load_give_up(t, &e);
    else if (t->sql.len > 0)
        table_load_ask(t, t->sql.data, on_ended);
    else
        table_load_finish(t, NULL);
}

static void on_ended(void *ctx, const PGresult *r, const struct err *err)
{
    (void)r;
    if (err != NULL)
        table_load_failed(ctx, DB_PHASE_BOOKKEEPING, err);
    else
        table_load_finish(ctx, NULL);
}
