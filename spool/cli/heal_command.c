/* `netty-spool heal`: repairs what stands beside the pages (repair.h), marks damaged pages as dealt with, and has the extractor fetch
 * their records again. The durable steps are in this order: first the request to fetch (refetch.json), then the mark (healed.json).
 * After a crash in between the damage is still reported, and healing it again does no harm. */
#include "shared/base/array.h"
#include "shared/cli/summary.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/control/refetch.h"
#include "spool/format/fetch_position.h"
#include "spool/format/small_file.h"
#include "spool/journal/journal.h"
#include "spool/maintenance/repair.h"
#include "spool/maintenance/seek_table_repair.h"
#include "spool/segment/healed.h"
#include "spool/segment/pruned.h"
#include "spool/store/table_dir.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct heal {
    const struct spool_command *command;
    struct zone *zone;
    struct summary *summary;
    const char *dir;
    bool dry_run; /* --dry-run */

    struct page_place *places;
    size_t count;
    size_t capacity;
    bool seen;                        /* a good page came before */
    char last[PAGE_POSITION_MAX + 1]; /* that page's position */
    bool in_gap;                      /* no good page has come since the last damage */
    char here[PAGE_POSITION_MAX + 1]; /* the position before this gap */
    bool chosen;                      /* the request begins before this gap */
    bool backfill;                    /* pages of a backfill may be lost */
    struct refetch wish;
};

static int64_t parse_time(const struct heal *h, const char *time)
{
    int64_t t = WHEN_NONE;
    return when_parse(time, strlen(time), h->zone, &t) == OK ? t : WHEN_NONE;
}

static enum err_code on_page(void *ctx, struct reader *r, const struct page_info *info,
                             struct err *e)
{
    struct heal *h = ctx;
    (void)info, (void)e;
    if (h->in_gap && fetch_position_has_backfill(reader_position(r)))
        h->backfill = true;
    h->seen = true;
    h->in_gap = false;
    memcpy(h->last, reader_position(r), strlen(reader_position(r)) + 1);
    return OK;
}

/* Finds the extractor's position when the segment began, if its journal can still be read; else "". */
static void header_position(const struct heal *h, uint64_t segment, char out[PAGE_POSITION_MAX + 1])
{
    struct journal *j;
    const struct journal_line *line;
    out[0] = '\0';
    if (journal_open(&j, h->dir, segment, NULL) != OK)
        return;
    if (journal_next(j, &line, NULL) == OK && line->kind == JOURNAL_HEADER)
        memcpy(out, line->position, strlen(line->position) + 1);
    journal_close(j);
}

static enum err_code add_place(struct heal *h, struct page_place place, struct err *e)
{
    struct page_place *more = array_room(h->places, &h->capacity, h->count, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    h->places = more;
    h->places[h->count++] = place;
    return OK;
}

static void find_here(struct heal *h, uint64_t segment)
{
    if (h->seen)
        memcpy(h->here, h->last, sizeof h->here);
    else
        header_position(h, segment, h->here);
}

static void begin_here(struct heal *h, int64_t low)
{
    h->chosen = true;
    h->wish.low = low;
    memcpy(h->wish.position, h->here, sizeof h->wish.position);
}

/* Notes damage. Damage without a good page in between is one gap. Of several gaps the one that begins earliest in time counts,
 * because the extractor reads from there to the list's end. Where it is not known which one that is, everything is read. */
static enum err_code on_damage(void *ctx, const struct page_info *info, const struct err *what,
                               struct err *e)
{
    struct heal *h = ctx;
    struct refetch *wish = &h->wish;
    (void)what;
    if (h->dry_run && info->place.page == 0 && info->bytes > 0) {
        bool repaired; /* a seek table: no page is lost with it */
        enum err_code rc = seek_table_repair(h->dir, info->place.segment, true, &repaired, e);
        if (rc != OK || repaired)
            return rc;
    }
    int64_t low = info->bytes > 0 ? parse_time(h, info->low) : WHEN_NONE;
    bool first = h->count == 0;
    find_here(h, info->place.segment);
    h->backfill = h->backfill || fetch_position_has_backfill(h->here);
    bool told = low != WHEN_NONE && wish->low != WHEN_NONE && refetch_by_time(h->here) &&
                refetch_by_time(wish->position);
    if (!first && h->in_gap && h->chosen) {
        wish->low = low < wish->low ? low : wish->low; /* WHEN_NONE is the least */
    } else if (!first && !told) {
        wish->low = WHEN_NONE;
        wish->position[0] = '\0';
        h->chosen = true;
    } else if (first || low < wish->low) {
        begin_here(h, low);
    } else {
        h->chosen = false;
    }
    h->in_gap = true;
    return add_place(h, info->place, e);
}

static enum err_code store_wish(const struct heal *h, const char *table, struct err *e)
{
    uint64_t pruned;
    int lock;
    enum err_code rc = small_file_lock(h->dir, &lock, e);
    if (rc != OK)
        return rc;
    rc = pruned_read(h->dir, &pruned, e);
    if ((rc == OK || rc == ERR_DAMAGED) &&
        (rc = refetch_ask(h->command->spool, table, &h->wish, e)) == OK)
        rc = healed_add(h->dir, h->places, h->count, pruned, e);
    small_file_unlock(lock);
    return rc;
}

static enum err_code heal_table(const struct spool_command *c, const char *table, void *ctx,
                                struct err *e)
{
    struct heal *h = ctx;
    char dir[IO_PATH];
    struct spool_command_walk w = {.page = on_page, .damage = on_damage, .ctx = h};
    enum err_code rc = table_dir(dir, c->spool, table, e);
    if (rc != OK)
        return rc;
    h->dir = dir;
    h->count = 0;
    h->seen = h->in_gap = h->chosen = h->backfill = false;
    h->last[0] = '\0';
    h->wish = (struct refetch){.asked = when_now(), .low = WHEN_NONE};
    int64_t repaired;
    if ((rc = repair_table(c->spool, table, h->dry_run, &repaired, e)) != OK ||
        (rc = spool_command_walk_pages(c, table, &w, e)) != OK)
        return rc;
    if (h->backfill && h->count > 0) { /* it is not known which of the two crawls lost pages */
        h->wish.position[0] = '\0';
        h->wish.low = WHEN_NONE;
    }
    if (h->count > 0 && !h->dry_run && (rc = store_wish(h, table, e)) != OK)
        return rc;
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = table},
        {.name = "healed", .type = CELL_INT, .num = (int64_t)h->count},
        {.name = "mended", .type = CELL_INT, .num = repaired},
        {.name = "fetch_again",
         .type = CELL_STR,
         .str = h->count == 0       ? "nothing"
                : *h->wish.position ? "from"
                                    : "all"},
        {.name = "from", .type = CELL_TIME, .num = h->count > 0 ? h->wish.low : WHEN_NONE},
    };
    return summary_row(h->summary, cells, sizeof cells / sizeof cells[0], e);
}

enum err_code spool_command_heal(const struct spool_command *c, struct err *e)
{
    struct heal *h = calloc(1, sizeof *h);
    int64_t repaired;
    enum err_code rc;
    if (!h)
        return err_set(e, ERR_NOMEM, "out of memory");
    h->command = c;
    h->dry_run = options_int(c->options, OPT_DRY_RUN) != 0;
    if ((rc = summary_open(&h->summary, c->json, e)) == OK &&
        (rc = options_zone(c->options, &h->zone, e)) == OK &&
        (rc = repair_spool(c->spool, h->dry_run, &repaired, e)) == OK &&
        (rc = spool_command_each_table(c, heal_table, h, e)) == OK &&
        (rc = summary_print(h->summary, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(h->summary);
    if (h->zone)
        zone_close(h->zone);
    free(h->places);
    free(h);
    return rc;
}
