/* What goes into an object: for each table the pages behind those that were pushed. The reader hands them out, so they are
 * acknowledged and whole. A damaged page is not pushed; its number is then missing in the pulled spool, and is damage there too. */
#include "shared/log/log.h"
#include "spool/journal/journal.h"
#include "spool/reader/reader.h"
#include "spool/remote/push_private.h"
#include "spool/store/table_dir.h"
#include <string.h>

#define LINES                                                                                      \
    ((uint64_t)64 << 10) /* room for a header, a page's line and the small ones around them */

struct collect {
    const struct spool *spool;
    struct object_writer *to;
    struct ship_table *table;
    struct ship_report *report;
    uint64_t segment; /* whose header the object has last; 0: none of this table */
    bool full;
};

static enum err_code add_header(struct collect *c, uint64_t segment, struct err *e)
{
    char dir[IO_PATH];
    struct journal *j = NULL;
    const struct journal_line *line;
    enum err_code rc;
    if ((rc = table_dir(dir, c->spool, c->table->table, e)) != OK ||
        (rc = journal_open(&j, dir, segment, e)) != OK)
        return rc;
    if ((rc = journal_next(j, &line, e)) == OK) {
        if (line->kind == JOURNAL_HEADER)
            rc = object_add_header(c->to, line->text, line->n, e);
        else
            rc = err_set(
                e, ERR_DAMAGED,
                "%s: the first line of the journal of segment %llu is damaged, so its pages "
                "cannot be pushed; run netty-spool heal",
                c->table->table, (unsigned long long)segment);
    }
    journal_close(j);
    if (rc == OK)
        c->segment = segment;
    return rc;
}

static enum err_code add_page(struct collect *c, struct reader *r, const struct page_info *info,
                              struct err *e)
{
    size_t n;
    const char *p;
    enum err_code rc;
    if (!object_has_room(c->to, info->bytes + LINES)) {
        c->full = true;
        return OK;
    }
    if (c->segment != info->place.segment && (rc = add_header(c, info->place.segment, e)) != OK)
        return rc;
    p = reader_journal_line(r, &n);
    if ((rc = object_add_page(c->to, p, n, e)) != OK)
        return rc;
    do {
        if ((rc = reader_bytes(r, &p, &n, e)) == OK && n > 0)
            rc = object_add(c->to, p, n, e);
    } while (rc == OK && n > 0);
    if (rc != OK)
        return rc;
    c->table->place = info->place;
    c->table->chain = info->chain;
    if (info->records > 0)
        c->table->records = info->hash;
    c->report->pages++;
    return OK;
}

/* Logs the damage. The next push begins behind it, so it is logged once. */
static void tell_damage(struct collect *c, const struct page_info *info, const struct err *what)
{
    c->report->damaged++;
    if (page_compare(info->place, c->table->place) > 0)
        c->table->place = info->place;
    LOG(LOG_ERROR, "damage", "a part of the spool is damaged, and is not pushed",
        F_STR("table", c->table->table), F_ERR(what));
}

static enum err_code collect_pages(struct collect *c, struct err *e)
{
    struct reader *r;
    enum err_code rc = reader_open(&r, c->spool, c->table->table, e);
    if (rc != OK)
        return rc;
    rc = reader_seek(r, c->table->place, e);
    while (rc == OK && !c->full) {
        const struct page_info *info;
        enum reader_what what;
        struct err damage = ERR_INIT;
        if ((rc = reader_next(r, &info, &what, &damage)) != OK) {
            *e = damage;
            break;
        }
        if (what == READER_END)
            break;
        if (what == READER_DAMAGED)
            tell_damage(c, info, &damage);
        else
            rc = add_page(c, r, info, e);
    }
    reader_close(r);
    return rc;
}

static enum err_code collect_table(struct collect *c, struct err *e)
{
    uint64_t hash;
    struct page_place before = c->table->place;
    enum err_code rc = push_files_hash(c->spool, c->table->table, &hash, e);
    if (rc == OK && (hash != c->table->files || before.segment == 0))
        rc = push_files_ahead(c->spool, c->table->table, c->to, e);
    if (rc != OK || (rc = collect_pages(c, e)) != OK || c->full)
        return rc;
    /* The other files go behind the pages, because they may refer to the pages. */
    bool changed = hash != c->table->files || page_compare(before, c->table->place) != 0;
    c->table->files = hash;
    return push_files_add(c->spool, c->table->table, changed, &c->table->roll, c->to, e);
}

enum err_code push_collect(const struct spool *s, struct object_writer *w, struct ship_note *note,
                           struct ship_report *report, bool *more, struct err *e)
{
    char **tables;
    size_t n;
    uint64_t hash;
    struct collect c = {.spool = s, .to = w, .report = report};
    enum err_code rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; rc == OK && i < n && !c.full; i++) {
        c.segment = 0;
        c.table = ship_note_table(note, tables[i]);
        rc = c.table ? collect_table(&c, e) : err_set(e, ERR_NOMEM, "out of memory");
    }
    if (rc == OK && !c.full && (rc = push_files_hash(s, "", &hash, e)) == OK &&
        (rc = push_files_add(s, "", true, NULL, w, e)) == OK)
        note->files = hash;
    spool_tables_free(tables, n);
    *more = c.full;
    return rc;
}

/* Has the table new records? The pages are read, so those that are not acknowledged yet do not count. */
static enum err_code table_has_news(const struct spool *s, const char *table,
                                    const struct ship_table *known, bool *news, struct err *e)
{
    struct reader *r;
    struct page_place place = {0, 0};
    uint64_t last = known ? known->records : 0;
    uint64_t hash;
    enum err_code rc = push_files_hash(s, table, &hash, e);
    if (rc != OK)
        return rc;
    if (hash != (known ? known->files : 0)) {
        *news = true;
        return OK;
    }
    if ((rc = reader_open(&r, s, table, e)) != OK)
        return rc;
    rc = reader_seek(r, known ? known->place : place, e);
    while (rc == OK && !*news) {
        const struct page_info *info;
        enum reader_what what;
        struct err damage = ERR_INIT;
        if ((rc = reader_next(r, &info, &what, &damage)) != OK)
            *e = damage;
        if (rc != OK || what == READER_END)
            break;
        *news = what == READER_PAGE && info->records > 0 && info->hash != last;
    }
    reader_close(r);
    return rc;
}

enum err_code push_has_news(const struct spool *s, const struct ship_note *note, bool *news,
                            struct err *e)
{
    char **tables;
    size_t n;
    uint64_t hash;
    *news = false;
    enum err_code rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; rc == OK && i < n && !*news; i++) {
        const struct ship_table *known = NULL;
        for (size_t k = 0; k < note->count; k++)
            if (strcmp(note->tables[k].table, tables[i]) == 0)
                known = &note->tables[k];
        rc = table_has_news(s, tables[i], known, news, e);
    }
    if (rc == OK && (rc = push_files_hash(s, "", &hash, e)) == OK && hash != note->files)
        *news = true;
    spool_tables_free(tables, n);
    return rc;
}
