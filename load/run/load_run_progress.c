/* How far the tables at work are, in pages and bytes of the spool, as the journals tell. Two readers go over the pages of each table: one to what is
 * committed, one to the end. Both go on from where they were, so that a further look costs only what is new. */
#include "load/run/load_run_private.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <unistd.h>

struct track {
    struct reader *reader;
    bool held; /* a page that is beyond what was wanted: */
    struct page_info next;
    uint64_t pages;
    uint64_t bytes;
};

struct load_tracks {
    struct track done;
    struct track all;
};

static bool is_wanted(const struct table_load_conf *c, const struct page_info *p)
{
    return (c->segment == 0 || p->place.segment == c->segment) &&
           (c->fetched_from == WHEN_NONE || p->fetched >= c->fetched_from) &&
           (c->fetched_to == WHEN_NONE || p->fetched < c->fetched_to);
}

static enum err_code move(struct track *t, const struct table_load_conf *c,
                          const struct page_place *to, struct err *e)
{
    enum err_code rc = OK;
    while (rc == OK) {
        const struct page_info *page = NULL;
        enum reader_what what = READER_PAGE;
        if (t->held && to != NULL && page_compare(t->next.place, *to) > 0)
            return OK;
        if (t->held && is_wanted(c, &t->next)) {
            t->pages++;
            t->bytes += t->next.bytes;
        }
        t->held = false;
        rc = reader_next(t->reader, &page, &what, e);
        if (rc == OK && what == READER_END)
            return OK;
        t->held = rc == OK && what == READER_PAGE;
        if (t->held)
            t->next = *page;
    }
    return rc;
}

static enum err_code open_track(struct track *t, const struct table_load_conf *c, const char *table,
                                struct page_place from, struct err *e)
{
    enum err_code rc = reader_open_trusting(&t->reader, c->spool, table, e);
    return rc == OK ? reader_seek(t->reader, from, e) : rc;
}

/* If the spool cannot be read now, the load reports it; the progress shows nothing new. */
static void see_table(struct load_run_table *entry, progress_see_fn *see, void *to)
{
    const struct table_load_conf *c = &entry->run->conf.table;
    struct page_place from;
    struct page_place at;
    struct err e = ERR_INIT;
    enum err_code rc = OK;
    if (c->redrive || !table_load_span(entry->table, &from, &at))
        return;
    if (entry->tracks == NULL) {
        entry->tracks = calloc(1, sizeof *entry->tracks);
        if (entry->tracks == NULL)
            return;
        if ((rc = open_track(&entry->tracks->done, c, table_load_name(entry->table), from, &e)) ==
            OK)
            rc = open_track(&entry->tracks->all, c, table_load_name(entry->table), from, &e);
    }
    struct load_tracks *t = entry->tracks;
    if (rc != OK || t->all.reader == NULL || move(&t->all, c, NULL, &e) != OK ||
        move(&t->done, c, &at, &e) != OK)
        return;
    const struct progress_row row = {.name = table_load_name(entry->table),
                                     .unit = "pages",
                                     .done = t->done.pages,
                                     .of = t->all.pages,
                                     .now = t->done.pages,
                                     .elapsed = when_tick() - entry->began,
                                     .bytes = t->done.bytes,
                                     .bytes_of = t->all.bytes,
                                     .reached = WHEN_NONE};
    see(to, &row);
}

static void each(void *run, progress_see_fn *see, void *to)
{
    const struct load_run *r = run;
    for (size_t i = 0; i < r->count; i++)
        if (r->tables[i]->db != NULL)
            see_table(r->tables[i], see, to);
}

enum err_code load_run_open_progress(struct load_run *r, struct err *e)
{
    bool terminal = isatty(STDERR_FILENO) == 1;
    return progress_open(&r->progress, r->loop, terminal, each, r, e);
}

void load_run_no_progress(struct load_run_table *entry)
{
    if (entry->tracks == NULL)
        return;
    reader_close(entry->tracks->done.reader);
    reader_close(entry->tracks->all.reader);
    free(entry->tracks);
    entry->tracks = NULL;
}
