/* One table's part of the status. */
#include "shared/time/when.h"
#include "spool/attempt/failed_try.h"
#include "spool/control/unreadable.h"
#include "spool/inventory/held_deletions.h"
#include "spool/inventory/missing_records.h"
#include "spool/journal/moved.h"
#include "spool/maintenance/held_up.h"
#include "spool/status/status_private.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void found_damage(struct watched *w, const struct status_conf *conf, const struct err *what)
{
    w->table.damaged++;
    if (conf->damage)
        conf->damage(conf->ctx, w->table.name, what);
}

/* ---- pages ---- */

static void restart(struct watched *w)
{
    reader_close(w->head.reader);
    reader_close(w->tail.reader);
    w->head = w->tail = (struct track){.complete_to = WHEN_NONE};
    w->held = w->opened = false;
    w->fetched = WHEN_NONE;
    w->newest = (struct page_place){0, 0};
    w->newest_chain = 0;
}

/* Opens both readers at the same page; the difference between them is what waits. How far the table is loaded is said by the page
 * before the first one that waits, which can be in the segment before. */
static enum err_code open_tracks(struct watched *w, const struct spool *s, bool whole,
                                 struct err *e)
{
    struct page_place start = {0, 0};
    enum err_code rc;
    if (!whole && w->least.segment > 1)
        start.segment = w->least.segment - 1;
    if ((rc = reader_open_trusting(&w->head.reader, s, w->table.name, e)) != OK ||
        (rc = reader_open_trusting(&w->tail.reader, s, w->table.name, e)) != OK ||
        (rc = reader_seek(w->head.reader, start, e)) != OK)
        return rc;
    w->opened = true;
    return reader_seek(w->tail.reader, start, e);
}

static void pass(struct track *t, const struct page_info *info)
{
    t->pages++;
    t->records += (int64_t)info->records;
    t->bytes += (int64_t)info->bytes;
    if (info->complete_to != WHEN_NONE)
        t->complete_to = info->complete_to;
}

static enum err_code move_head(struct watched *w, const struct status_conf *conf, struct err *e)
{
    for (;;) {
        const struct page_info *info;
        enum reader_what what;
        struct err why = ERR_INIT;
        enum err_code rc = reader_next(w->head.reader, &info, &what, &why);
        if (rc != OK) {
            *e = why;
            return rc;
        }
        if (what == READER_END)
            return OK;
        if (what == READER_DAMAGED) {
            found_damage(w, conf, &why);
            continue;
        }
        pass(&w->head, info);
        w->fetched = info->fetched;
        w->newest = info->place;
        w->newest_chain = info->chain;
    }
}

static enum err_code move_tail(struct watched *w, struct err *e)
{
    for (;;) {
        const struct page_info *info;
        enum reader_what what;
        struct err why = ERR_INIT;
        if (w->held && page_compare(w->next.place, w->least) > 0)
            return OK;
        if (w->held)
            pass(&w->tail, &w->next);
        w->held = false;
        enum err_code rc = reader_next(w->tail.reader, &info, &what, &why);
        if (rc != OK) {
            *e = why;
            return rc;
        }
        if (what == READER_END)
            return OK;
        if (what == READER_DAMAGED)
            continue;
        w->next = *info;
        w->held = true;
    }
}

static enum err_code add_database(struct loaded *all, const struct loaded_entry *d, struct err *e)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->entries[i].id, d->id) != 0)
            continue;
        if (d->at < all->entries[i].at)
            all->entries[i].at = d->at;
        all->entries[i].behind = all->entries[i].behind || d->behind;
        if (all->entries[i].lacks == WHEN_NONE ||
            (d->lacks != WHEN_NONE && d->lacks < all->entries[i].lacks))
            all->entries[i].lacks = d->lacks;
        return OK;
    }
    struct loaded_entry *more = realloc(all->entries, (all->count + 1) * sizeof *more);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory");
    all->entries = more;
    all->entries[all->count++] = *d;
    return OK;
}

/* Has another database loaded more, so that pages stay only for this one? */
static bool is_behind(const struct loaded *l, size_t which)
{
    for (size_t i = 0; i < l->count; i++)
        if (page_compare(l->entries[i].place, l->entries[which].place) > 0)
            return true;
    return false;
}

static void note_marks(struct status_table *t, const struct loaded_entry *d)
{
    t->holes += d->holes;
    t->gaps += d->gaps;
    if (d->unchecked != WHEN_NONE && (t->unchecked == WHEN_NONE || d->unchecked < t->unchecked))
        t->unchecked = d->unchecked;
    if (d->checks.looked != WHEN_NONE && (t->checked == WHEN_NONE || d->checks.looked < t->checked))
        t->checked = d->checks.looked;
    t->wrong += d->checks.wrong;
    if (d->checks.wrong > 0 && (t->wrong_at == WHEN_NONE || d->checks.wrong_at > t->wrong_at)) {
        t->wrong_at = d->checks.wrong_at;
        memcpy(t->wrong_text, d->checks.text, sizeof t->wrong_text);
    }
    if (d->holes + d->gaps > 0 && (t->holes_since == WHEN_NONE || d->since < t->holes_since))
        t->holes_since = d->since;
}

/* Reads loaded.json. A damaged one counts as damage, and nothing counts as loaded. */
static enum err_code read_loaded(const struct spool *s, struct status_table *t,
                                 struct loaded *loaded, struct page_place *least, bool *damaged,
                                 struct err *e)
{
    enum err_code rc = loaded_read(s, t->name, loaded, e);
    t->holes = t->gaps = t->wrong = 0;
    t->holes_since = t->unchecked = t->checked = t->wrong_at = WHEN_NONE;
    *least = (struct page_place){0, 0};
    *damaged = rc == ERR_DAMAGED;
    if (rc != OK)
        return *damaged ? OK : rc;
    *least = loaded_least(loaded);
    for (size_t i = 0; i < loaded->count; i++)
        note_marks(t, &loaded->entries[i]);
    t->check_late = t->checked != WHEN_NONE && when_now() - t->checked > STATUS_CHECK_LATE;
    return OK;
}

/* Returns when the first page was fetched that the database lacks. */
static int64_t lacks_since(const struct watched *w, const struct spool *s,
                           const struct loaded_entry *d)
{
    struct page_info first = {.fetched = WHEN_NONE};
    struct err why = ERR_INIT;
    if (page_compare(d->place, w->least) == 0)
        return w->table.since;
    if (page_compare(d->place, w->newest) >= 0 ||
        held_up_first(s, w->table.name, d->place, &first, &why) != OK)
        return WHEN_NONE;
    return first.fetched;
}

static enum err_code add_databases(const struct watched *w, const struct spool *s,
                                   struct loaded *loaded, struct loaded *databases, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < loaded->count && rc == OK; i++) {
        struct loaded_entry *d = &loaded->entries[i];
        d->behind = is_behind(loaded, i);
        d->lacks = lacks_since(w, s, d);
        rc = add_database(databases, d, e);
    }
    return rc;
}

/* The newest page was met again since: a database that has it is complete up to that later time. */
static enum err_code add_moved(const struct watched *w, const struct spool *s,
                               struct status_table *t, struct err *e)
{
    char dir[IO_PATH];
    struct moved moved;
    const struct page_info newest = {.chain = w->newest_chain};
    enum err_code rc = table_dir(dir, s, t->name, e);
    if (rc != OK || (rc = moved_read(dir, &moved, e)) != OK || !moved_is_of(&moved, &newest))
        return rc;
    t->fetched = moved.fetched;
    if (moved.complete_to == WHEN_NONE)
        return OK;
    t->complete_to = moved.complete_to;
    if (!w->held && page_compare(w->least, w->newest) >= 0)
        t->loaded_to = moved.complete_to;
    return OK;
}

static enum err_code update_pages(struct watched *w, const struct spool *s,
                                  const struct status_conf *conf, struct page_place least,
                                  struct err *e)
{
    struct status_table *t = &w->table;
    enum err_code rc = OK;
    if (w->opened && page_compare(least, w->least) < 0)
        restart(w);
    w->least = least;
    if (!w->opened) {
        t->damaged = 0;
        rc = open_tracks(w, s, conf->whole, e);
    }
    /* The tail moves first, so that the head is never behind it. */
    if (rc != OK || (rc = move_tail(w, e)) != OK || (rc = move_head(w, conf, e)) != OK)
        return rc;
    if (w->head.pages > 0 && (rc = fetch_position_state(reader_position(w->head.reader), &t->filled,
                                                        &t->backfill, e)) != OK)
        return rc;
    t->fetched = w->fetched;
    t->complete_to = w->head.complete_to;
    t->loaded_to = w->tail.complete_to;
    t->pages = w->head.pages - w->tail.pages;
    t->records = w->head.records - w->tail.records;
    t->bytes = w->head.bytes - w->tail.bytes;
    t->since = w->held ? w->next.fetched : WHEN_NONE;
    return add_moved(w, s, t, e);
}

/* ---- files beside them ---- */

static bool same(const struct seen *a, const struct seen *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Is it another file than the one that was read, or has it changed? Without a file `was` becomes all zero. */
static bool news(struct seen *was, const struct spool *s, const char *table, const char *name)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    struct stat st;
    struct seen is = {0};
    if (table_dir(dir, s, table, NULL) == OK && io_path(path, dir, name, NULL) == OK &&
        stat(path, &st) == 0)
        is = (struct seen){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
    bool differs = !same(was, &is);
    *was = is;
    return differs;
}

struct counting {
    struct status_table *table;
    enum dead_side side;
};

static enum err_code count_dead_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct counting *c = ctx;
    struct status_table *t = c->table;
    struct status_reason *last = &t->reasons[STATUS_REASONS - 1];
    (void)e;
    t->set_aside++;
    for (size_t i = 0; i < t->reasons_count; i++) {
        struct status_reason *r = &t->reasons[i];
        if (r->side == c->side && strcmp(r->sqlstate, letter->sqlstate) == 0 &&
            strncmp(r->reason, letter->reason, STATUS_REASON - 1) == 0) {
            r->count++;
            return OK;
        }
    }
    if (t->reasons_count == STATUS_REASONS) {
        (void)snprintf(last->reason, sizeof last->reason, "other");
        last->sqlstate[0] = 0;
        last->count++;
        return OK;
    }
    struct status_reason *r = &t->reasons[t->reasons_count++];
    *r = (struct status_reason){.side = c->side, .count = 1};
    (void)snprintf(r->reason, sizeof r->reason, "%s", letter->reason);
    (void)snprintf(r->sqlstate, sizeof r->sqlstate, "%s", letter->sqlstate);
    return OK;
}

static enum err_code update_dead_letters(struct watched *w, const struct spool *s, struct err *e)
{
    struct status_table *t = &w->table;
    struct counting c = {.table = t};
    bool extract = news(&w->dead_letters[DEAD_EXTRACT], s, t->name, "dead-extract.ndjson");
    bool load = news(&w->dead_letters[DEAD_LOAD], s, t->name, "dead-load.ndjson");
    enum err_code rc = OK;
    if (!extract && !load)
        return OK;
    t->set_aside = 0;
    t->reasons_count = 0;
    for (unsigned side = 0; side < 2 && rc == OK; side++) {
        c.side = (enum dead_side)side;
        rc = dead_each(s, t->name, c.side, count_dead_letter, &c, e);
    }
    return rc;
}

static enum err_code update_run_history(struct watched *w, const struct spool *s,
                                        enum run_history_side side, struct run_history *runs,
                                        struct err *e)
{
    if (!news(&w->run_history[side], s, w->table.name, run_history_file(side)))
        return OK;
    run_history_free(runs);
    return run_history_read(s, w->table.name, side, STATUS_HISTORY, runs, e);
}

/* Deletions that wait are counted at each look, because a roll that is begun anew gives them up. */
static enum err_code update_held(struct watched *w, const struct spool *s,
                                 const struct loaded *loaded, struct err *e)
{
    bool differs = news(&w->missing, s, w->table.name, MISSING_FILE);
    if (!differs && w->table.held == 0)
        return OK;
    return held_deletions(s, w->table.name, loaded, &w->table.held, e);
}

static enum err_code count_unreadable(const struct spool *s, struct status_table *t, struct err *e)
{
    struct unreadable_count count;
    enum err_code rc = unreadable_count(s, t->name, &count, e);
    t->unreadable = count.records;
    t->unreadable_since = count.since;
    return rc;
}

static enum err_code look(struct watched *w, const struct spool *s, const struct status_conf *conf,
                          struct loaded *databases, struct err *e)
{
    struct page_place least;
    bool damaged = false;
    struct loaded loaded = {0};
    struct status_table *t = &w->table;
    enum err_code rc = read_loaded(s, t, &loaded, &least, &damaged, e);
    if (rc == OK)
        rc = update_pages(w, s, conf, least, e);
    if (rc == OK)
        rc = add_databases(w, s, &loaded, databases, e);
    if (rc == OK)
        rc = update_held(w, s, &loaded, e);
    loaded_free(&loaded);
    if (rc != OK || (rc = update_dead_letters(w, s, e)) != OK ||
        (rc = count_unreadable(s, t, e)) != OK ||
        (rc = update_run_history(w, s, RUN_HISTORY_EXTRACT, &t->extract, e)) != OK)
        return rc;
    t->loaded_unknown = damaged;
    t->trying[RUN_HISTORY_EXTRACT] = failed_try_read(s, t->name, false);
    t->trying[RUN_HISTORY_LOAD] = failed_try_read(s, t->name, true);
    return update_run_history(w, s, RUN_HISTORY_LOAD, &t->load, e);
}

/* A table whose files cannot be read is reported as such, and the others are looked at. */
enum err_code watched_look(struct watched *w, const struct spool *s, const struct status_conf *conf,
                           struct loaded *databases, struct err *e)
{
    struct err why = ERR_INIT;
    struct status_table *t = &w->table;
    enum err_code rc = look(w, s, conf, databases, &why);
    t->closed = rc == ERR_DENIED || rc == ERR_IO ? rc : OK;
    if (t->closed == OK) {
        if (rc != OK && e != NULL)
            *e = why;
        return rc;
    }
    restart(w);
    (void)snprintf(t->closed_text, sizeof t->closed_text, "%s", why.msg);
    return OK;
}

void watched_free(struct watched *w)
{
    if (!w)
        return;
    restart(w);
    run_history_free(&w->table.extract);
    run_history_free(&w->table.load);
    free(w);
}

/* ---- figures ---- */

static int64_t sum_since(const struct run_history *r, int64_t from, enum run_count what)
{
    int64_t sum = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].ended >= from)
            sum += r->entries[i].counts[what];
    return sum;
}

double status_requests_per_change(const struct status_table *t)
{
    if (t->extract.count == 0 || t->load.count == 0)
        return -1;
    int64_t a = t->extract.entries[0].began;
    int64_t b = t->load.entries[0].began;
    int64_t from = a > b ? a : b;
    /* What the loader's first kept run loaded was fetched earlier, so the first runs of both belong together. */
    if (t->load.count < STATUS_HISTORY && t->extract.count < STATUS_HISTORY)
        from = a < b ? a : b;
    int64_t changed =
        sum_since(&t->load, from, RUN_INSERTED) + sum_since(&t->load, from, RUN_UPDATED);
    int64_t requests = sum_since(&t->extract, from, RUN_REQUESTS);
    return changed > 0 ? (double)requests / (double)changed : -1;
}
