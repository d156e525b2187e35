/* The spool's part of the status, and which tables there are. */
#include "spool/status/status.h"

#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/control/asked_tables.h"
#include "spool/control/catalog.h"
#include "spool/control/next_run.h"
#include "spool/format/json_fields.h"
#include "spool/maintenance/disk_space.h"
#include "spool/status/status_private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BREAKER     "breaker.json" /* the extractor's */
#define BREAKER_MAX 4096

#define INTERVALS       9 /* of past runs; the one in the middle counts */
#define INTERVALS_LEAST 3

struct status_watch {
    const struct spool *spool;
    struct status_conf conf;
    struct watched **tables;
    struct status_table **list;
    struct status status;
};

enum err_code status_open(struct status_watch **w, const struct spool *s,
                          const struct status_conf *conf, struct err *e)
{
    *w = calloc(1, sizeof **w);
    if (!*w)
        return err_set(e, ERR_NOMEM, "out of memory");
    (*w)->spool = s;
    (*w)->conf = *conf;
    return OK;
}

const struct status *status_of(const struct status_watch *w)
{
    return &w->status;
}

void status_close(struct status_watch *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->status.count; i++)
        watched_free(w->tables[i]);
    free(w->tables);
    free(w->list);
    loaded_free(&w->status.databases);
    refused_free(&w->status.refused);
    free(w);
}

/* ---- tables ---- */

static enum err_code add_table(struct status_watch *w, size_t at, const char *name, struct err *e)
{
    size_t n = w->status.count + 1;
    struct watched **tables = reallocarray(w->tables, n, sizeof(void *));
    if (tables)
        w->tables = tables;
    struct status_table **list = reallocarray(w->list, n, sizeof(void *));
    if (list)
        w->list = list;
    struct watched *made = calloc(1, sizeof *made);
    if (!tables || !list || !made) {
        free(made);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    memmove(tables + at + 1, tables + at, (n - 1 - at) * sizeof(void *));
    memcpy(made->table.name, name, strnlen(name, NAMES_TABLE_MAX));
    made->table.fetched = made->table.complete_to = made->table.loaded_to = WHEN_NONE;
    made->table.since = made->fetched = WHEN_NONE;
    made->head.complete_to = made->tail.complete_to = WHEN_NONE;
    tables[at] = made;
    w->status.count = n;
    w->status.tables = list;
    return OK;
}

static enum err_code note_table(struct status_watch *w, const char *name, struct err *e)
{
    size_t at = 0;
    while (at < w->status.count && strcmp(w->tables[at]->table.name, name) < 0)
        at++;
    enum err_code rc = OK;
    if (at == w->status.count || strcmp(w->tables[at]->table.name, name) != 0)
        rc = add_table(w, at, name, e);
    if (rc == OK)
        w->tables[at]->there = true;
    return rc;
}

static void drop_gone(struct status_watch *w)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->status.count; i++) {
        if (w->tables[i]->there)
            w->tables[kept++] = w->tables[i];
        else
            watched_free(w->tables[i]);
    }
    w->status.count = kept;
    for (size_t i = 0; i < kept; i++)
        w->list[i] = &w->tables[i]->table;
}

static enum err_code find_tables(struct status_watch *w, struct err *e)
{
    char **names = NULL;
    size_t n = 0;
    enum err_code rc = OK;
    for (size_t i = 0; i < w->status.count; i++)
        w->tables[i]->there = false;
    if (w->conf.tables) {
        for (size_t i = 0; i < w->conf.count && rc == OK; i++)
            rc = note_table(w, w->conf.tables[i], e);
    } else if ((rc = spool_tables(w->spool, &names, &n, e)) == OK) {
        for (size_t i = 0; i < n && rc == OK; i++)
            rc = note_table(w, names[i], e);
        spool_tables_free(names, n);
    }
    drop_gone(w);
    return rc;
}

/* ---- the whole ---- */

/* Returns until when the extractor leaves the API alone; WHEN_NONE: it does not, or that is not known. */
static int64_t breaker_until(const struct spool *s)
{
    char path[IO_PATH];
    struct buf text;
    int64_t until = WHEN_NONE;
    struct field fields[] = {
        {.name = "until", .type = FIELD_TIME, .to = &until, .optional = true},
    };
    buf_init(&text, BREAKER_MAX);
    if (io_path(path, spool_dir(s), BREAKER, NULL) != OK ||
        safe_read_file(path, &text, NULL) != OK ||
        fields_read(text.data, text.len, fields, FIELDS(fields), NULL) != OK)
        until = WHEN_NONE;
    buf_free(&text);
    return until != WHEN_NONE && until > when_now() ? until : WHEN_NONE;
}

/* No table has this name. options_list_table says that it is one of the tables only where there is no list. */
#define NO_TABLE ""

/* Is the table no longer asked for? A list in the settings counts, and beside it the tables that command lines name regularly. Where
 * this program knows of no list, only the tables that the extractor's runs were asked for count. */
static bool is_unlisted(const struct status_conf *c, const struct catalog *catalog,
                        const struct asked_tables *asked, const char *name)
{
    const char *const *words = NULL;
    bool listed = !options_list_table(c->options, c->named, NO_TABLE);
    if (c->named && options_words(c->options, &words) > 0)
        return !options_list_table(c->options, true, name);
    if (listed && options_list_table(c->options, false, name))
        return false;
    if (!listed && catalog->count > 0 && catalog_find(catalog, name) != NULL)
        return false;
    if (listed || catalog->count > 0)
        return !asked_by_command_line(asked, name);
    return asked_given_up(asked, name);
}

/* Marks the tables that are no longer asked for. A file that cannot be read counts as asking for all tables. */
static void note_unlisted(struct status_watch *w)
{
    const struct status_conf *c = &w->conf;
    struct catalog catalog = {0};
    struct asked_tables asked = {0};
    if (c->options == NULL)
        return;
    if (c->catalog && options_list_table(c->options, c->named, NO_TABLE) &&
        catalog_read(w->spool, &catalog, NULL) != OK)
        catalog = (struct catalog){0};
    if (asked_read(w->spool, &asked, NULL) != OK)
        asked = (struct asked_tables){0};
    for (size_t i = 0; i < w->status.count; i++)
        w->list[i]->unlisted = is_unlisted(c, &catalog, &asked, w->list[i]->name);
    catalog_free(&catalog);
    asked_free(&asked);
}

/* ---- the next run ---- */

static int by_length(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Returns the runs of the table that was fetched last. When a timer starts the runs, only they can show when the next one is due. */
static const struct run_history *newest_runs(const struct status *s)
{
    const struct run_history *newest = NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct run_history *r = &s->tables[i]->extract;
        if (r->count > 0 && (newest == NULL || r->entries[r->count - 1].began >
                                                   newest->entries[newest->count - 1].began))
            newest = r;
    }
    return newest;
}

static int64_t next_run(const struct spool *spool, const struct status *s)
{
    int64_t intervals[INTERVALS];
    size_t n = 0;
    const struct run_history *r = newest_runs(s);
    int64_t told = next_run_told(spool);
    int64_t last = r != NULL ? r->entries[r->count - 1].began : WHEN_NONE;
    if (told != WHEN_NONE && (last == WHEN_NONE || told > last))
        return told;
    for (size_t i = r != NULL ? r->count : 0; i > 1 && n < INTERVALS; i--)
        intervals[n++] = r->entries[i - 1].began - r->entries[i - 2].began;
    if (n < INTERVALS_LEAST)
        return WHEN_NONE;
    qsort(intervals, n, sizeof *intervals, by_length);
    return last + intervals[n / 2];
}

/* ---- a pulled spool ---- */

/* Accounts that are pulled together hear of the other machine together, but for one that stays behind. */
static enum err_code look_at_host(struct status_pulled *p, const struct ship_note *own,
                                  const struct spool *s, struct err *e)
{
    struct ship_note host;
    bool there;
    const char *slash = strrchr(spool_dir(s), '/');
    enum err_code rc = ship_note_of_host(&host, spool_dir(s), PULL_DIR, PULL_NOTE, &there, e);
    if (rc != OK || !there)
        return rc;
    bool behind = own->written != WHEN_NONE && strcmp(own->chain, host.chain) != 0;
    for (size_t i = 0; i < host.count; i++)
        behind = behind || (slash && strcmp(host.tables[i].table, slash + 1) == 0);
    if (!behind)
        p->pushed = host.written;
    p->gap = host.gap;
    ship_note_free(&host);
    return OK;
}

/* A damaged note says nothing but that the spool is pulled; pull says what to do. */
static enum err_code look_at_pull(struct status_pulled *p, const struct spool *s, struct err *e)
{
    struct ship_note n;
    bool there;
    enum err_code rc = ship_note_read(&n, spool_dir(s), PULL_NOTE, &there, e);
    *p = (struct status_pulled){.is = there || rc == ERR_DAMAGED, .pushed = WHEN_NONE};
    if (rc != OK)
        return rc == ERR_DAMAGED ? OK : rc;
    memcpy(p->remote, n.remote, sizeof p->remote);
    p->pushed = n.written;
    p->gap = n.gap;
    if (n.host)
        rc = look_at_host(p, &n, s, e);
    ship_note_free(&n);
    return rc;
}

enum err_code status_look(struct status_watch *w, struct err *e)
{
    struct status *s = &w->status;
    enum err_code rc = find_tables(w, e);
    if (rc != OK)
        return rc;
    loaded_free(&s->databases);
    s->damaged = 0;
    for (size_t i = 0; i < s->count; i++) {
        if ((rc = watched_look(w->tables[i], w->spool, &w->conf, &s->databases, e)) != OK)
            return rc;
        s->damaged += w->list[i]->damaged + w->list[i]->loaded_unknown;
    }
    note_unlisted(w);
    s->at = when_now();
    s->breaker_until = breaker_until(w->spool);
    s->next_run = next_run(w->spool, s);
    refused_free(&s->refused);
    if ((rc = refused_read(w->spool, &s->refused, e)) != OK ||
        (rc = look_at_pull(&s->pulled, w->spool, e)) != OK)
        return rc;
    if ((rc = disk_space_spool(w->spool, &s->bytes, e)) == OK)
        rc = disk_space_free(w->spool, &s->disk_free, e);
    return rc;
}
