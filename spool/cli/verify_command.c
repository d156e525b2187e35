/* `netty-spool verify`: checks everything that can be checked without another program: the spool's identity (by opening it), the
 * list of the database's tables, journals, pages, the small files beside them, dead letters, the reconcile's files. Prints one line
 * for each thing that is damaged, then a row for each table. A damaged file that decides nothing is noted, and is no damage. */
#include "shared/base/buf.h"
#include "shared/cli/summary.h"
#include "spool/cli/spool_command.h"
#include "spool/control/api_source.h"
#include "spool/control/catalog.h"
#include "spool/control/loaded.h"
#include "spool/control/refetch.h"
#include "spool/dead_letters/dead_letters.h"
#include "spool/format/small_file.h"
#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"
#include "spool/journal/acked.h"
#include "spool/journal/moved.h"
#include "spool/segment/healed.h"
#include "spool/segment/pruned.h"
#include "spool/status/run_history.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

struct verify {
    const struct spool_command *command;
    struct summary *summary;
    const char *table;
    int64_t pages;
    int64_t records;
    int64_t bytes;
    int64_t damaged;
    uint64_t all_damaged;
};

static enum err_code put(const struct verify *v, const char *head, const char *member,
                         struct page_place place, const char *message, struct err *e)
{
    struct buf line;
    enum err_code rc = OK;
    buf_init(&line, LINE_MAX_BYTES);
    if (!v->command->json)
        rc = buf_addf(&line, "%s: %s", head, message);
    else if ((rc = buf_addf(
                  &line, "{\"table\":\"%s\",\"segment\":%" PRIu64 ",\"page\":%" PRIu64 ",\"%s\":",
                  v->table, place.segment, place.page, member)) == OK &&
             (rc = buf_add_json(&line, message, strlen(message))) == OK)
        rc = buf_addc(&line, '}');
    if (rc != OK)
        (void)buf_err(e, rc, &line, "a message");
    else if (fprintf(v->command->out, "%s\n", line.data) < 0)
        rc = spool_command_written(v->command, e);
    buf_free(&line);
    return rc;
}

static enum err_code report(struct verify *v, struct page_place place, const char *message,
                            struct err *e)
{
    v->damaged++;
    v->all_damaged++;
    return put(v, "damaged", "damage", place, message, e);
}

static enum err_code on_page(void *ctx, struct reader *r, const struct page_info *info,
                             struct err *e)
{
    struct verify *v = ctx;
    (void)r, (void)e;
    v->pages++;
    v->records += (int64_t)info->records;
    v->bytes += (int64_t)info->bytes;
    return OK;
}

static enum err_code on_damage(void *ctx, const struct page_info *info, const struct err *what,
                               struct err *e)
{
    return report(ctx, info->place, what->msg, e);
}

static enum err_code on_dead_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    if (strcmp(letter->reason, "damaged") != 0)
        return OK;
    return report(ctx, letter->place, "a dead letter's line does not match its checksum", e);
}

/* Reports a small file that is damaged, or that cannot be read. */
static enum err_code on_small_file(struct verify *v, enum err_code rc, const struct err *why,
                                   struct err *e)
{
    if (rc == ERR_DAMAGED)
        return report(v, (struct page_place){0, 0}, why->msg, e);
    if (rc != OK)
        *e = *why;
    return rc;
}

static enum err_code check_sums(struct verify *v, const char *dir, const char *name, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = small_file_check(dir, name, &why);
    return why.sys == ENOENT ? OK : on_small_file(v, rc, &why, e);
}

static enum err_code verify_small_files(struct verify *v, struct err *e)
{
    char dir[IO_PATH];
    struct loaded loaded;
    struct err why = ERR_INIT;
    uint64_t through;
    enum err_code rc = loaded_read(v->command->spool, v->table, &loaded, &why);
    if (rc == OK)
        loaded_free(&loaded);
    if ((rc = on_small_file(v, rc, &why, e)) != OK ||
        (rc = table_dir(dir, v->command->spool, v->table, e)) != OK)
        return rc;
    rc = pruned_read(dir, &through, &why);
    if ((rc = on_small_file(v, rc, &why, e)) != OK)
        return rc;
    rc = healed_check(dir, &why);
    if ((rc = on_small_file(v, rc, &why, e)) != OK)
        return rc;
    struct acked acked;
    enum acked_state state;
    rc = acked_read(dir, &acked, &state, &why);
    if (rc == OK && state == ACKED_DAMAGED)
        rc = err_set(&why, ERR_DAMAGED, "%s/" ACKED_FILE ": it does not match its checksum", dir);
    if ((rc = on_small_file(v, rc, &why, e)) != OK)
        return rc;
    return check_sums(v, dir, REFETCH_FILE, e);
}

static enum err_code verify_reconcile(struct verify *v, const char *dir, struct err *e)
{
    static struct inventory_state state; /* a page's position is in it */
    struct err why = ERR_INIT;
    enum err_code rc = inventory_read(v->command->spool, v->table, &state, NULL, NULL, &why);
    if ((rc = on_small_file(v, rc, &why, e)) != OK)
        return rc;
    rc = missing_check(dir, v->table, &why);
    return on_small_file(v, rc, &why, e);
}

/* Checks the run history. Its damaged lines are only noted: readers pass over them, and the next run leaves them out. */
static enum err_code verify_run_history(struct verify *v, struct err *e)
{
    static const enum run_history_side sides[] = {RUN_HISTORY_EXTRACT, RUN_HISTORY_LOAD};
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < sizeof sides / sizeof sides[0]; i++) {
        struct err why = ERR_INIT;
        rc = run_history_check(v->command->spool, v->table, sides[i], &why);
        if (rc == ERR_DAMAGED && err_prefix(&why, "the history of runs lacks some") != OK)
            rc = put(v, "note", "note", (struct page_place){0, 0}, why.msg, e);
        else if (rc != OK)
            *e = why;
    }
    return rc;
}

/* Checks moved.json. Damage is only noted: the position is then that of the last page, and the extractor asks once more from there. */
static enum err_code verify_moved(struct verify *v, const char *dir, struct err *e)
{
    struct moved moved;
    struct err why = ERR_INIT;
    enum err_code rc = moved_read(dir, &moved, e);
    if (rc != OK || !moved.damaged)
        return rc;
    (void)err_set(&why, ERR_DAMAGED,
                  "%s/" MOVED_FILE ": it does not match its checksum; the next run asks again from "
                  "the last page on",
                  dir);
    return put(v, "note", "note", (struct page_place){0, 0}, why.msg, e);
}

static enum err_code verify_table(const struct spool_command *c, const char *table, void *ctx,
                                  struct err *e)
{
    struct verify *v = ctx;
    struct spool_command_walk w = {.page = on_page, .damage = on_damage, .ctx = v};
    char dir[IO_PATH];
    enum err_code rc;
    v->table = table;
    v->pages = v->records = v->bytes = v->damaged = 0;
    if ((rc = spool_command_walk_pages(c, table, &w, e)) != OK ||
        (rc = verify_small_files(v, e)) != OK || (rc = table_dir(dir, c->spool, table, e)) != OK ||
        (rc = verify_moved(v, dir, e)) != OK || (rc = verify_reconcile(v, dir, e)) != OK ||
        (rc = verify_run_history(v, e)) != OK ||
        (rc = dead_each(c->spool, table, DEAD_EXTRACT, on_dead_letter, v, e)) != OK ||
        (rc = dead_each(c->spool, table, DEAD_LOAD, on_dead_letter, v, e)) != OK)
        return rc;
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = table},
        {.name = "pages", .type = CELL_INT, .num = v->pages},
        {.name = "records", .type = CELL_INT, .num = v->records},
        {.name = "bytes", .type = CELL_INT, .num = v->bytes},
        {.name = "damaged", .type = CELL_INT, .num = v->damaged},
    };
    return summary_row(v->summary, cells, sizeof cells / sizeof cells[0], e);
}

static enum err_code verify_catalog(struct verify *v, struct err *e)
{
    struct catalog catalog;
    struct err why = ERR_INIT;
    enum err_code rc = catalog_read(v->command->spool, &catalog, &why);
    v->table = "";
    catalog_free(&catalog);
    if (rc == OK || why.sys == ENOENT)
        return OK;
    if (rc == ERR_DAMAGED)
        return report(v, (struct page_place){0, 0}, why.msg, e);
    *e = why;
    return rc;
}

enum err_code spool_command_verify(const struct spool_command *c, struct err *e)
{
    struct verify v = {.command = c};
    char detail[80];
    enum err_code rc = summary_open(&v.summary, c->json, e);
    if (rc != OK)
        return rc;
    if ((rc = verify_catalog(&v, e)) == OK &&
        (rc = check_sums(&v, spool_dir(c->spool), API_SOURCE_FILE, e)) == OK &&
        (rc = spool_command_each_table(c, verify_table, &v, e)) == OK &&
        (rc = summary_print(v.summary, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(v.summary);
    if (rc != OK || v.all_damaged == 0)
        return rc;
    (void)snprintf(detail, sizeof detail,
                   "%" PRIu64 " places; netty-spool heal has them fetched again", v.all_damaged);
    return spool_command_found(ERR_SET_ASIDE, "the spool is damaged", detail, e);
}
