#include "spool/maintenance/prune.h"

#include "shared/base/array.h"
#include "shared/files/fault_point.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/small_file.h"
#include "spool/journal/journal.h"
#include "spool/maintenance/disk_space.h"
#include "spool/reader/reader.h"
#include "spool/remote/ship_note.h"
#include "spool/segment/pruned.h"
#include "spool/store/reserve.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct candidate {
    const char *table;
    uint64_t segment;
    int64_t ended;
    bool waits; /* some database still lacks pages of it, or of a segment before it */
};

struct prune {
    const struct spool *spool;
    const struct prune_conf *conf;
    prune_fn *fn;
    void *ctx;
    struct prune_sum *sum;
    struct candidate *found;
    size_t count;
    size_t capacity;
};

static bool asked_for(const struct prune_conf *conf, const char *table)
{
    for (size_t i = 0; i < conf->count; i++)
        if (strcmp(conf->tables[i], table) == 0)
            return true;
    return conf->count == 0;
}

static enum err_code add(struct prune *p, const char *table, uint64_t segment, int64_t ended,
                         struct err *e)
{
    struct candidate *more = array_room(p->found, &p->capacity, p->count, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    p->found = more;
    p->found[p->count++] = (struct candidate){.table = table, .segment = segment, .ended = ended};
    return OK;
}

/* Are all pages of the segment loaded? The header of the next segment says how many count. */
static bool is_loaded(uint64_t segment, const struct journal_header *next, struct page_place least)
{
    if (least.segment != segment)
        return least.segment > segment;
    return next->previous.segment < segment || next->previous.page <= least.page;
}

/* Finds the loaded segments from the front, up to the first one that is not loaded, or of which too little is known. */
static enum err_code find_loaded(struct prune *p, const char *table, const char *dir,
                                 const struct segment_list *list, const struct loaded *loaded,
                                 struct page_place least, struct err *e)
{
    struct page_place hole;
    bool some = loaded_first_hole(loaded, &hole);
    int64_t ended = WHEN_NONE;
    for (size_t i = 0; i + 1 < list->count; i++) {
        struct journal_header next;
        struct err why = ERR_INIT;
        uint64_t segment = list->entries[i].number;
        enum err_code rc = journal_read_header(dir, list->entries[i + 1].number, &next, &why);
        if (rc == ERR_DAMAGED || (rc != OK && why.sys == ENOENT))
            return OK;
        if (rc != OK) {
            *e = why;
            return rc;
        }
        if (next.previous.segment > segment || !is_loaded(segment, &next, least))
            return OK;
        /* If the clock was put back the order within the table stays. */
        ended = next.created > ended ? next.created : ended;
        if ((rc = add(p, table, segment, ended, e)) != OK)
            return rc;
        p->found[p->count - 1].waits = some && !is_loaded(segment, &next, hole);
    }
    return OK;
}

/* Removes the files that a crash has left of pruned segments. */
static enum err_code sweep(const char *dir, uint64_t through, struct err *e)
{
    struct segment_list list;
    enum err_code rc = segment_list_all(&list, dir, e);
    bool some = false;
    for (size_t i = 0; rc == OK && i < list.count && list.entries[i].number <= through; i++) {
        some = true;
        for (unsigned kind = 0; kind < SEGMENT_FILES && rc == OK; kind++)
            rc = segment_remove(dir, list.entries[i].number, (enum segment_file)kind, e);
        FAULT("segment-removed");
    }
    segment_list_free(&list);
    return rc == OK && some ? io_sync_dir(dir, e) : rc;
}

static enum err_code prune_caches(const struct prune *p, const char *table, struct err *e)
{
    char dir[IO_PATH];
    int64_t keep = p->conf->keep > STALE_CACHES_LEAST ? p->conf->keep : STALE_CACHES_LEAST;
    enum err_code rc = table_dir(dir, p->spool, table, e);
    return rc != OK
               ? rc
               : stale_caches_prune(dir, p->conf->now - keep, p->conf->dry_run, &p->sum->caches, e);
}

/* Drops the entries of databases that were silent for too long. */
static enum err_code forget_silent(struct prune *p, const char *table, struct err *e)
{
    int64_t after = p->conf->forget_after;
    size_t n = 0;
    if (after == 0)
        return OK;
    enum err_code rc = loaded_forget_silent(p->spool, table, p->conf->now - after, p->conf->dry_run,
                                            &p->sum->silent, &n, e);
    p->sum->forgotten += (int64_t)n;
    if (rc != OK || p->sum->forgotten > 0)
        return rc;
    rc = loaded_forget_silent(p->spool, table, p->conf->now - after / 2, true, &p->sum->silent, &n,
                              e);
    p->sum->silent_soon += (int64_t)n;
    return rc;
}

static bool has_silent(const struct prune *p, const struct loaded *l)
{
    int64_t soon = p->conf->now - p->conf->forget_after / 2;
    for (size_t i = 0; i < l->count && p->conf->forget_after > 0; i++)
        if (l->entries[i].at < soon)
            return true;
    return false;
}

/* Finds the place up to which every database has the table, and every remote that the spool is pushed to: a pulled spool needs the
 * pages. A remote to which nothing was pushed for --forget-after does not count. */
static enum err_code find_least(const struct prune *p, const char *table,
                                const struct loaded *loaded, struct page_place *least,
                                struct err *e)
{
    struct page_place pushed;
    bool some;
    int64_t since = p->conf->forget_after > 0 ? p->conf->now - p->conf->forget_after : INT64_MIN;
    enum err_code rc = ship_pushed(p->spool, table, since, &pushed, &some, e);
    *least = loaded_least(loaded);
    if (rc == OK && some && page_compare(pushed, *least) < 0)
        *least = pushed;
    return rc;
}

static enum err_code find_candidates(struct prune *p, const char *table, struct err *e)
{
    char dir[IO_PATH];
    struct loaded loaded = {0};
    struct page_place least;
    struct segment_list list = {0};
    struct err why = ERR_INIT;
    enum err_code rc = loaded_read(p->spool, table, &loaded, e);
    if (rc == OK && has_silent(p, &loaded)) { /* seldom: takes the lock, reads again */
        loaded_free(&loaded);
        if ((rc = forget_silent(p, table, e)) == OK)
            rc = loaded_read(p->spool, table, &loaded, e);
    }
    if (rc == ERR_DAMAGED) {
        loaded_free(&loaded);
        p->sum->unknown++;
        return OK;
    }
    if (rc == OK && (rc = find_least(p, table, &loaded, &least, &why)) == ERR_DAMAGED) {
        loaded_free(&loaded);
        p->sum->unclear++;
        p->sum->note = why;
        return OK;
    }
    if (why.code != OK)
        *e = why;
    if (rc != OK || (rc = table_dir(dir, p->spool, table, e)) != OK ||
        (rc = segment_list_read(&list, dir, e)) != OK)
        goto done;
    if (loaded.count > 0)
        rc = find_loaded(p, table, dir, &list, &loaded, least, e);
    if (rc == OK && !p->conf->dry_run && list.pruned > 0)
        rc = sweep(dir, list.pruned, e);
done:
    segment_list_free(&list);
    loaded_free(&loaded);
    return rc;
}

static int by_end(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->ended != y->ended)
        return x->ended < y->ended ? -1 : 1;
    int tables = strcmp(x->table, y->table);
    return tables ? tables : x->segment < y->segment ? -1 : x->segment > y->segment;
}

/* Can all pages of the segment be read? Damaged ones were not loaded: the loader has passed over them. */
static enum err_code is_whole(const struct prune *p, const struct candidate *c, bool *whole,
                              struct err *e)
{
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    struct err why = ERR_INIT;
    struct page_place before = {c->segment, 0};
    *whole = true;
    enum err_code rc = reader_open(&r, p->spool, c->table, e);
    if (rc != OK)
        return rc;
    /* Read from before the segment's first page, so that damage of its beginning shows too. */
    if ((rc = reader_seek(r, before, &why)) == OK)
        while ((rc = reader_next(r, &info, &what, &why)) == OK && what != READER_END) {
            struct page_place end = {c->segment + 1, 0};
            if (what == READER_PAGE && info->place.segment > c->segment)
                break;
            if (what == READER_DAMAGED && page_compare(info->place, end) <= 0) {
                *whole = false;
                break;
            }
        }
    if (rc != OK)
        *e = why;
    reader_close(r);
    return rc;
}

static enum err_code remove_one(const struct prune *p, const struct candidate *c, struct err *e)
{
    char dir[IO_PATH];
    int lock = -1;
    struct err why = ERR_INIT;
    enum err_code rc = table_dir(dir, p->spool, c->table, e);
    if (rc != OK || (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    rc = pruned_write(dir, c->segment, &why);
    if (rc == ERR_FULL && reserve_give(p->spool)) {
        why = ERR_INIT;
        rc = pruned_write(dir, c->segment, &why);
    }
    if (rc != OK)
        *e = why;
    else
        rc = sweep(dir, c->segment, e);
    small_file_unlock(lock);
    return rc;
}

static enum err_code take(struct prune *p, const struct candidate *c, bool *whole, struct err *e)
{
    char dir[IO_PATH];
    struct pruned gone = {.table = c->table, .segment = c->segment, .ended = c->ended};
    enum err_code rc;
    if ((rc = is_whole(p, c, whole, e)) != OK || !*whole || c->waits ||
        (rc = table_dir(dir, p->spool, c->table, e)) != OK ||
        (rc = disk_space_segment(dir, c->segment, &gone.bytes, e)) != OK)
        return rc;
    if (!p->conf->dry_run && (rc = remove_one(p, c, e)) != OK)
        return rc;
    p->sum->segments++;
    p->sum->bytes += gone.bytes;
    p->sum->left -= gone.bytes;
    return p->fn ? p->fn(p->ctx, &gone, e) : OK;
}

/* Segments of a table are removed from the front, so one that stays keeps all those behind it. */
static void drop_table(struct prune *p, const char *table, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < p->count; i++)
        if (p->found[i].table != table)
            p->found[kept++] = p->found[i];
    p->count = kept;
}

static enum err_code take_oldest(struct prune *p, struct err *e)
{
    const struct prune_conf *conf = p->conf;
    if (p->count > 0)
        qsort(p->found, p->count, sizeof *p->found, by_end);
    for (size_t i = 0; i < p->count; i++) {
        const struct candidate c = p->found[i];
        bool old = c.ended < conf->now - conf->keep;
        bool whole = true;
        if (!old && (conf->max == 0 || p->sum->left <= conf->max))
            break;
        enum err_code rc = take(p, &c, &whole, e);
        if (rc != OK)
            return rc;
        p->sum->damaged += !whole;
        if (!whole || c.waits)
            drop_table(p, c.table, i + 1);
    }
    return OK;
}

enum err_code prune_run(const struct spool *s, const struct prune_conf *conf, prune_fn *fn,
                        void *ctx, struct prune_sum *sum, struct err *e)
{
    struct prune p = {.spool = s, .conf = conf, .fn = fn, .ctx = ctx, .sum = sum};
    char **tables;
    size_t n;
    *sum = (struct prune_sum){0};
    enum err_code rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; rc == OK && i < n; i++)
        if (asked_for(conf, tables[i]) && (rc = prune_caches(&p, tables[i], e)) == OK)
            rc = find_candidates(&p, tables[i], e);
    if (rc == OK && (rc = disk_space_spool(s, &sum->left, e)) == OK) {
        sum->left -= conf->dry_run ? sum->caches.bytes : 0;
        rc = take_oldest(&p, e);
    }
    free(p.found);
    spool_tables_free(tables, n);
    if (rc == OK && !conf->dry_run)
        reserve_keep(s);
    return rc;
}

void prune_report_stays(const struct prune_sum *sum)
{
    if (sum->damaged > 0)
        LOG(LOG_WARN, "prune",
            "damaged pages keep the spool from being pruned; netty-spool heal has them fetched "
            "again",
            F_INT("segments", sum->damaged));
    if (sum->unknown > 0)
        LOG(LOG_WARN, "prune",
            "a damaged loaded.json keeps tables from being pruned; netty-spool prune says what to "
            "do",
            F_INT("tables", sum->unknown));
    if (sum->unclear > 0)
        LOG(LOG_WARN, "prune",
            "a damaged note of what was pushed keeps tables from being pruned; netty-spool prune "
            "says what to do",
            F_INT("tables", sum->unclear), F_ERR(&sum->note));
}

void prune_report_silent(const struct prune_sum *sum)
{
    char at[WHEN_TEXT];
    if (sum->forgotten > 0)
        LOG(LOG_WARN, "forgotten",
            "a database was not heard of for --forget-after: the spool waits for it no longer",
            F_STR("database", sum->silent.name), F_STR("asked", when_iso(sum->silent.at, at)),
            F_INT("tables", sum->forgotten));
    else if (sum->silent_soon > 0)
        LOG(LOG_WARN, "silent",
            "a database has not been heard of for long; what it has not loaded stays until it is "
            "forgotten "
            "(--forget-after, or netty-spool forget --database)",
            F_STR("database", sum->silent.name), F_STR("asked", when_iso(sum->silent.at, at)),
            F_INT("tables", sum->silent_soon));
}
