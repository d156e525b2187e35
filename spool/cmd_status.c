/* One screen: how far each table is fetched and loaded, what waits, what was set aside; then the
 * spool as a whole; then the databases that load it. What is loaded is the loader's last word
 * (loaded.h). */
#include "shared/summary.h"
#include "shared/when.h"
#include "spool/cmd.h"
#include "spool/dead.h"
#include "spool/fields.h"
#include "spool/loaded.h"
#include "spool/room.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BREAKER     "breaker.json" /* the extractor's */
#define BREAKER_MAX 4096

struct status {
    struct summary *tables;
    struct loaded databases; /* each once; at: of its oldest word */
    uint64_t damaged;
};

struct row {
    struct page_place least; /* what all databases have */
    int64_t fetched;
    int64_t complete_to;
    int64_t loaded_to; /* complete_to of what is loaded */
    int64_t pages;     /* that wait, and their records and bytes */
    int64_t records;
    int64_t bytes;
    int64_t since; /* when the oldest of them was fetched */
};

static enum err_code on_page(void *ctx, struct reader *r, const struct page_info *info,
                             struct err *e)
{
    struct row *row = ctx;
    (void)r, (void)e;
    row->fetched = info->fetched;
    if (info->complete_to != WHEN_NONE)
        row->complete_to = info->complete_to;
    if (page_compare(info->place, row->least) <= 0) {
        row->loaded_to = row->complete_to;
        return OK;
    }
    row->pages++;
    row->records += (int64_t)info->records;
    row->bytes += (int64_t)info->bytes;
    if (row->since == WHEN_NONE || info->fetched < row->since)
        row->since = info->fetched;
    return OK;
}

static enum err_code count_letter(void *ctx, const struct dead_letter *letter, struct err *e)
{
    int64_t *count = ctx;
    (void)letter, (void)e;
    (*count)++;
    return OK;
}

static enum err_code remember(struct status *s, const struct loaded_entry *d, struct err *e)
{
    struct loaded *all = &s->databases;
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->entries[i].id, d->id) != 0)
            continue;
        if (d->at < all->entries[i].at)
            all->entries[i].at = d->at;
        return OK;
    }
    struct loaded_entry *more = realloc(all->entries, (all->count + 1) * sizeof *more);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory");
    all->entries = more;
    all->entries[all->count++] = *d;
    return OK;
}

/* A loaded.json that is damaged is counted as damage, and nothing as loaded. */
static enum err_code ask_loaded_file(struct status *s, const struct cmd *c, const char *table,
                                     struct row *row, struct err *e)
{
    struct loaded loaded;
    enum err_code rc = loaded_read(c->spool, table, &loaded, e);
    if (rc == ERR_DAMAGED) {
        s->damaged++;
        return OK;
    }
    if (rc != OK)
        return rc;
    row->least = loaded_least(&loaded);
    for (size_t i = 0; i < loaded.count && rc == OK; i++)
        rc = remember(s, &loaded.entries[i], e);
    loaded_free(&loaded);
    return rc;
}

static enum err_code show_table(const struct cmd *c, const char *table, void *ctx, struct err *e)
{
    struct status *s = ctx;
    struct row row = {
        .fetched = WHEN_NONE, .complete_to = WHEN_NONE, .loaded_to = WHEN_NONE, .since = WHEN_NONE};
    struct cmd_walk w = {.trusting = true, .page = on_page, .ctx = &row};
    int64_t aside = 0;
    enum err_code rc;
    if ((rc = ask_loaded_file(s, c, table, &row, e)) != OK ||
        (rc = cmd_walk_pages(c, table, &w, e)) != OK ||
        (rc = dead_each(c->spool, table, DEAD_EXTRACT, count_letter, &aside, e)) != OK ||
        (rc = dead_each(c->spool, table, DEAD_LOAD, count_letter, &aside, e)) != OK)
        return rc;
    s->damaged += w.damaged;
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = table},
        {.name = "fetched", .type = CELL_TIME, .num = row.fetched},
        {.name = "complete_to", .type = CELL_TIME, .num = row.complete_to},
        {.name = "loaded_to", .type = CELL_TIME, .num = row.loaded_to},
        {.name = "waiting_pages", .type = CELL_INT, .num = row.pages},
        {.name = "waiting_records", .type = CELL_INT, .num = row.records},
        {.name = "waiting_bytes", .type = CELL_INT, .num = row.bytes},
        {.name = "waiting_since", .type = CELL_TIME, .num = row.since},
        {.name = "set_aside", .type = CELL_INT, .num = aside},
        {.name = "damaged", .type = CELL_INT, .num = (int64_t)w.damaged},
    };
    return summary_row(s->tables, cells, sizeof cells / sizeof cells[0], e);
}

/* Until when the extractor leaves the API alone; WHEN_NONE: it does not, or nobody can tell. */
static int64_t breaker_until(const struct cmd *c)
{
    char path[IO_PATH];
    struct buf text;
    int64_t until = WHEN_NONE;
    struct field fields[] = {
        {.name = "until", .type = FIELD_TIME, .to = &until, .optional = true},
    };
    buf_init(&text, BREAKER_MAX);
    if (io_path(path, spool_dir(c->spool), BREAKER, NULL) != OK ||
        io_read_file(path, &text, NULL) != OK ||
        fields_read(text.data, text.len, fields, FIELDS(fields), NULL) != OK)
        until = WHEN_NONE;
    buf_free(&text);
    return until != WHEN_NONE && until > when_now() ? until : WHEN_NONE;
}

static enum err_code show_spool(const struct cmd *c, struct summary *out, struct err *e)
{
    int64_t bytes = 0;
    int64_t left = 0;
    int64_t until = breaker_until(c);
    enum err_code rc;
    if ((rc = room_spool(c->spool, &bytes, e)) != OK || (rc = room_free(c->spool, &left, e)) != OK)
        return rc;
    const struct cell cells[] = {
        {.name = "spool", .type = CELL_STR, .str = spool_dir(c->spool)},
        {.name = "bytes", .type = CELL_INT, .num = bytes},
        {.name = "disk_free", .type = CELL_INT, .num = left},
        {.name = "breaker", .type = CELL_STR, .str = until == WHEN_NONE ? "closed" : "open"},
        {.name = "breaker_until", .type = CELL_TIME, .num = until},
    };
    return summary_row(out, cells, sizeof cells / sizeof cells[0], e);
}

static enum err_code show_databases(const struct status *s, struct summary *out, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < s->databases.count && rc == OK; i++) {
        const struct loaded_entry *d = &s->databases.entries[i];
        const struct cell cells[] = {
            {.name = "database", .type = CELL_STR, .str = d->name},
            {.name = "identity", .type = CELL_STR, .str = d->id},
            {.name = "asked", .type = CELL_TIME, .num = d->at},
        };
        rc = summary_row(out, cells, sizeof cells / sizeof cells[0], e);
    }
    return rc;
}

/* A table of its own, after an empty line for people. */
static enum err_code print(const struct cmd *c, struct summary *out, bool first, struct err *e)
{
    if (!first && !c->json && fputc('\n', c->out) == EOF)
        return cmd_written(c, e);
    return summary_print(out, c->out, e);
}

enum err_code cmd_status(const struct cmd *c, struct err *e)
{
    struct status s = {0};
    struct summary *whole = NULL;
    struct summary *databases = NULL;
    enum err_code rc;
    if ((rc = summary_open(&s.tables, c->json, e)) != OK ||
        (rc = summary_open(&whole, c->json, e)) != OK ||
        (rc = summary_open(&databases, c->json, e)) != OK ||
        (rc = cmd_each_table(c, show_table, &s, e)) != OK || (rc = show_spool(c, whole, e)) != OK ||
        (rc = show_databases(&s, databases, e)) != OK || (rc = print(c, s.tables, true, e)) != OK ||
        (rc = print(c, whole, false, e)) != OK)
        goto done;
    if (s.databases.count > 0)
        rc = print(c, databases, false, e);
    if (rc == OK)
        rc = cmd_written(c, e);
done:
    summary_close(s.tables);
    summary_close(whole);
    summary_close(databases);
    loaded_free(&s.databases);
    if (rc == OK && s.damaged > 0)
        rc = err_set(e, ERR_SET_ASIDE, "the spool is damaged; `netty-spool verify` looks closer");
    return rc;
}
