/* Finds out, before the first batch, where in the spool's history the database stands: which branch (known_progress.h) is this spool's, where it
 * parted from the others, and which of its pages are gone. */
#include "load/database/sql.h"
#include "load/table/table_load_private.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/journal/first_page.h"
#include "spool/journal/journal_chain.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_DIGITS 16u
#define NEWEST_PAGES 4u
#define SQL_MAX      65536u

static void on_pages(void *ctx, const PGresult *r, const struct err *err);
static void on_forked(void *ctx, const PGresult *r, const struct err *err);

static enum err_code read_segments(const struct table_load *t, char dir[IO_PATH],
                                   struct segment_list *list, struct err *e)
{
    enum err_code rc = io_path(dir, spool_dir(t->conf.spool), t->name, e);

    *list = (struct segment_list){0};
    return rc == OK ? segment_list_read(list, dir, e) : rc;
}

static enum err_code fits(const char *dir, const struct segment_list *list, const struct lanes *at,
                          bool *same, struct err *e)
{
    enum err_code rc = OK;

    *same = true;
    for (size_t i = 0; rc == OK && *same && i < LANES; i++)
        if (i == 0 || progress_compare(&at->at[i], &at->at[i - 1]) != 0)
            rc = journal_chain_holds(dir, list, at->at[i].place, at->at[i].chain, same, e);
    return rc;
}

struct progress table_load_least(const struct lanes *l)
{
    struct progress from = l->at[0];

    for (size_t i = 1; i < LANES; i++)
        if (progress_compare(&l->at[i], &from) < 0)
            from = l->at[i];
    return from;
}

/* Finds the branch that is furthest among those whose last page the spool holds. *found NULL: there are branches, and the spool holds the last page
 * of none. */
static enum err_code find_branch(struct table_load *t, const char *dir,
                                 const struct segment_list *list, const struct known_branch **found,
                                 struct err *e)
{
    const struct known_progress *k = target_table_known(t->target);
    enum err_code rc = OK;

    *found = NULL;
    for (size_t i = 0; rc == OK && i < k->branches_count; i++) {
        const struct known_branch *b = &k->branches[i];
        bool same = false;
        rc = fits(dir, list, &b->at, &same, e);
        if (rc != OK || !same)
            continue;
        struct progress mine = table_load_least(&b->at);
        struct progress best = *found != NULL ? table_load_least(&(*found)->at) : mine;
        if (*found == NULL || progress_compare(&mine, &best) > 0)
            *found = b;
    }
    return rc;
}

/* Sets the time of the newest page of the other branches. Pages that were not fetched later than that may be older than what is loaded. */
static void set_late(struct table_load *t)
{
    const struct known_progress *k = target_table_known(t->target);

    t->late = WHEN_NONE;
    for (size_t i = 0; i < k->branches_count; i++) {
        const struct known_branch *b = &k->branches[i];
        if (strcmp(b->name, t->branch) != 0 && b->fetched != WHEN_NONE &&
            (t->late == WHEN_NONE || b->fetched > t->late))
            t->late = b->fetched;
    }
}

/* ---- where both parted ---- */

struct sharing {
    const char *dir;
    const struct segment_list *list;
    uint64_t segment; /* whose chains these are */
    uint64_t *chains;
    uint64_t pages;
};

static enum err_code is_shared(struct sharing *s, const struct progress *at, bool *shared,
                               struct err *e)
{
    const struct segment_entry *entry = segment_list_from(s->list, at->place.segment);
    uint64_t chain = 0;
    enum chain_what what = CHAIN_NONE;
    enum err_code rc = OK;

    if (entry == NULL || entry->number != at->place.segment) {
        rc = journal_chain_at(s->dir, s->list, at->place, &chain, &what, e);
        *shared = rc == OK && what == CHAIN_THERE && chain == at->chain;
        return rc;
    }
    if (s->segment != at->place.segment) {
        free(s->chains);
        s->chains = NULL;
        s->segment = at->place.segment;
        rc = journal_chains(s->dir, s->segment, &s->chains, &s->pages, e);
    }
    *shared = rc == OK && s->chains != NULL && at->place.page <= s->pages &&
              s->chains[at->place.page] == at->chain;
    return rc;
}

/* Finds the last page of a run of pages (a row of sql_pages_read) that the spool has, too. */
static enum err_code share_run(struct sharing *s, const PGresult *r, int row, struct progress *at,
                               bool *shared, struct err *e)
{
    const char *chains = PQgetvalue(r, row, 3);
    uint64_t first = strtoull(PQgetvalue(r, row, 2), NULL, 10);
    enum err_code rc = OK;

    for (size_t n = strlen(chains) / CHAIN_DIGITS; rc == OK && !*shared && n > 0; n--) {
        char digits[CHAIN_DIGITS + 1];
        (void)snprintf(digits, sizeof digits, "%s", chains + (n - 1) * CHAIN_DIGITS);
        *at = (struct progress){.place = {strtoull(PQgetvalue(r, row, 1), NULL, 10), first + n - 1},
                                .chain = chain_parse(digits)};
        rc = is_shared(s, at, shared, e);
    }
    return rc;
}

static const struct known_branch *branch_named(const struct known_progress *k, const char *name)
{
    for (size_t i = 0; i < k->branches_count; i++)
        if (strcmp(k->branches[i].name, name) == 0)
            return &k->branches[i];
    return NULL;
}

/* Makes a new branch that begins where both had the same pages. A lane that had not come as far stays where it was. */
static void part_at(struct table_load *t, const struct progress *shared, const char *from,
                    const struct page_info *next)
{
    const struct known_branch *b = branch_named(target_table_known(t->target), from);
    char place[48];
    char fetched[WHEN_TEXT];

    for (size_t i = 0; i < LANES; i++) {
        t->at.at[i] = *shared;
        if (b != NULL && progress_compare(&b->at.at[i], shared) < 0)
            t->at.at[i] = b->at.at[i];
    }
    (void)snprintf(place, sizeof place, "%" PRIu64 "/%" PRIu64, shared->place.segment,
                   shared->place.page);
    (void)chain_text(t->branch, next->chain);
    t->behind = next->chain == 0;
    if (t->behind)
        LOG(LOG_INFO, "behind",
            "the spool ends before what this database has of it: it was restored, or is a copy "
            "that is not complete yet",
            F_STR("table", t->name), F_STR("at", place));
    else
        LOG(LOG_WARN, "parted",
            "this spool and this database parted: the spool was restored, or is another; it is "
            "loaded from the last place that "
            "both share",
            F_STR("table", t->name), F_STR("at", place),
            F_STR("fetched", when_iso(next->fetched, fetched)));
}

static enum err_code add_array(struct buf *b, const uint64_t n[LANES], struct err *e)
{
    enum err_code rc = OK;

    for (size_t i = 0; rc == OK && i < LANES; i++)
        rc = buf_addf(b, "%s%" PRIu64, i == 0 ? "{" : ",", n[i]);
    if (rc == OK)
        rc = buf_adds(b, "}");
    return rc == OK ? OK : buf_err(e, rc, b, "the progress");
}

static enum err_code fork_sql(struct table_load *t, struct buf *sql, struct err *e)
{
    struct buf texts[3];
    char chains[LANES * (BRANCH_NAME + 3)] = "";
    char chain[BRANCH_NAME];
    uint64_t n[3][LANES];
    size_t len = 0;
    enum err_code rc = OK;

    for (size_t i = 0; i < LANES; i++) {
        n[0][i] = t->at.at[i].place.segment;
        n[1][i] = t->at.at[i].place.page;
        n[2][i] = t->at.at[i].line;
        len += (size_t)snprintf(chains + len, sizeof chains - len, "%s\"%s\"", i == 0 ? "{" : ",",
                                chain_text(chain, t->at.at[i].chain));
    }
    (void)snprintf(chains + len, sizeof chains - len, "}");
    for (size_t i = 0; i < 3; i++)
        buf_init(&texts[i], SQL_MAX);
    for (size_t i = 0; rc == OK && i < 3; i++)
        rc = add_array(&texts[i], n[i], e);
    const struct relation *r = target_table_relation(t->target);
    const struct sql_var vars[] = {{"spool", spool_id(t->conf.spool)},
                                   {"schema", r->schema},
                                   {"table_name", t->name},
                                   {"branch", t->branch},
                                   {"relation", r->name},
                                   {"segments", texts[0].data},
                                   {"pages", texts[1].data},
                                   {"lines", texts[2].data},
                                   {"chains", chains}};
    if (rc == OK)
        rc = sql_expand(sql, sql_progress_fork, vars, sizeof vars / sizeof *vars, e);
    for (size_t i = 0; i < 3; i++)
        buf_free(&texts[i]);
    return rc;
}

static void make_branch(struct table_load *t)
{
    struct err e = ERR_INIT;

    set_late(t);
    buf_reset(&t->sql);
    if (t->conf.dry_run || t->branch[0] == '\0')
        table_load_begin(t);
    else if (fork_sql(t, &t->sql, &e) != OK)
        table_load_give_up(t, &e);
    else
        table_load_ask(t, t->sql.data, on_forked);
}

static void on_forked(void *ctx, const PGresult *r, const struct err *err)
{
    (void)r;
    if (err != NULL)
        table_load_failed(ctx, DB_PHASE_BOOKKEEPING, err);
    else
        table_load_begin(ctx);
}

static enum err_code find_shared(struct table_load *t, const PGresult *r, struct err *e)
{
    char dir[IO_PATH];
    struct segment_list list;
    struct sharing s = {.dir = dir, .list = &list};
    struct progress shared = {0};
    struct page_info next;
    bool found = false;
    int row = 0;
    enum err_code rc = read_segments(t, dir, &list, e);

    for (; rc == OK && !found && row < PQntuples(r); row++)
        rc = share_run(&s, r, row, &shared, &found, e);
    if (!found)
        shared = (struct progress){0};
    if (rc == OK && (rc = first_page_behind(dir, t->name, shared.place, &next, e)) == OK)
        part_at(t, &shared, found ? PQgetvalue(r, row - 1, 0) : "?", &next);
    free(s.chains);
    segment_list_free(&list);
    return rc;
}

static void on_pages(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;
    struct err e = ERR_INIT;

    if (err != NULL)
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
    else if (find_shared(t, r, &e) != OK)
        table_load_give_up(t, &e);
    else
        make_branch(t);
}

void table_load_locate(struct table_load *t)
{
    const struct relation *r = target_table_relation(t->target);
    const struct known_progress *k = target_table_known(t->target);
    const struct sql_var vars[] = {
        {"spool", spool_id(t->conf.spool)}, {"schema", r->schema}, {"table_name", t->name}};
    char dir[IO_PATH];
    struct segment_list list;
    const struct known_branch *b = NULL;
    struct err e = ERR_INIT;
    enum err_code rc = read_segments(t, dir, &list, &e);

    t->at = (struct lanes){0};
    t->branch[0] = '\0';
    t->behind = false;
    t->late = WHEN_NONE;
    if (rc == OK)
        rc = find_branch(t, dir, &list, &b, &e);
    segment_list_free(&list);
    if (rc != OK) {
        table_load_give_up(t, &e);
    } else if (b == NULL && k->branches_count > 0) {
        buf_reset(&t->sql);
        if (sql_expand(&t->sql, sql_pages_read, vars, 3, &e) != OK)
            table_load_give_up(t, &e);
        else
            table_load_ask(t, t->sql.data, on_pages);
    } else {
        if (b != NULL) {
            t->at = b->at;
            (void)snprintf(t->branch, sizeof t->branch, "%s", b->name);
        }
        set_late(t);
        table_load_begin(t);
    }
}

bool table_load_parted(const struct table_load *t)
{
    char dir[IO_PATH];
    struct segment_list list;
    struct err e = ERR_INIT;
    bool same = true;
    enum err_code rc = read_segments(t, dir, &list, &e);

    if (rc == OK)
        rc = fits(dir, &list, &t->at, &same, &e);
    segment_list_free(&list);
    return rc == OK && !same;
}

bool table_load_is_at_end(const struct table_load *t)
{
    char dir[IO_PATH];
    struct page_info next;
    struct err e = ERR_INIT;

    for (size_t i = 0; i < LANES; i++)
        if (t->at.at[i].line != 0 || progress_compare(&t->at.at[i], &t->at.at[0]) != 0)
            return false;
    return io_path(dir, spool_dir(t->conf.spool), t->name, &e) == OK &&
           first_page_behind(dir, t->name, t->at.at[0].place, &next, &e) == OK && next.chain == 0;
}

bool table_load_has_nothing(struct table_load *t)
{
    const struct known_progress *k = target_table_known(t->target);
    const char *identity = target_table_relation(t->target)->identity;
    const struct known_branch *b = NULL;
    char dir[IO_PATH];
    struct segment_list list;
    struct page_hole gap;
    bool there = false;
    struct err e = ERR_INIT;

    if (k->branches_count == 0 || k->holes_count > 0 || strcmp(k->stored_in, identity) != 0)
        return false;
    enum err_code rc = read_segments(t, dir, &list, &e);
    if (rc == OK)
        rc = find_branch(t, dir, &list, &b, &e);
    segment_list_free(&list);
    if (rc != OK || b == NULL)
        return false;
    t->at = b->at;
    return table_load_find_gap(t, table_load_least(&b->at).place, &gap, &there, &e) == OK &&
           !there && table_load_is_at_end(t);
}

/* ---- what the spool holds no more ---- */

/* Finds pages that the spool no longer holds. Only pages that all known databases have loaded are pruned; a database that comes later lacks them. */
enum err_code table_load_find_gap(struct table_load *t, struct page_place from,
                                  struct page_hole *gap, bool *there, struct err *e)
{
    char dir[IO_PATH];
    struct segment_list list;
    struct journal_header h = {.previous = {0, 0}};
    struct err why = ERR_INIT;
    enum err_code rc = read_segments(t, dir, &list, e);
    const struct segment_entry *first = rc == OK ? segment_list_from(&list, 0) : NULL;

    *there = first != NULL && first->number > from.segment && first->number > 1 &&
             (from.segment == 0 || list.pruned + 1 >= first->number);
    if (*there && journal_read_header(dir, first->number, &h, &why) == OK)
        *there = page_compare(h.previous, from) > 0;
    if (*there)
        *gap = (struct page_hole){.after = from,
                                  .place = {first->number, 0},
                                  .gap = list.pruned + 1 >= first->number,
                                  .why = "the spool begins behind it"};
    segment_list_free(&list);
    return rc;
}

/* ---- the newest pages ---- */

static enum err_code is_there(const char *dir, const struct segment_list *list, uint64_t segment,
                              uint64_t page, bool *there, struct err *e)
{
    uint64_t chain = 0;
    enum chain_what what = CHAIN_NONE;
    enum err_code rc =
        journal_chain_at(dir, list, (struct page_place){segment, page}, &chain, &what, e);

    *there = what == CHAIN_THERE;
    return rc;
}

/* Finds a place some pages before the spool's end. Each step reads the journal, so the last page is found by doubling, then by halves. */
enum err_code table_load_near_end(const struct table_load *t, struct page_place *place,
                                  struct err *e)
{
    char dir[IO_PATH];
    struct segment_list list;
    uint64_t low = 0;
    uint64_t high = 1;
    bool there = true;
    enum err_code rc = read_segments(t, dir, &list, e);
    uint64_t segment = rc == OK && list.count > 0 ? list.entries[list.count - 1].number : 0;

    while (rc == OK && there && segment > 0 && high < SEGMENT_MAX)
        if ((rc = is_there(dir, &list, segment, high, &there, e)) == OK && there) {
            low = high;
            high *= 2;
        }
    while (rc == OK && segment > 0 && high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if ((rc = is_there(dir, &list, segment, middle, &there, e)) == OK && there)
            low = middle;
        else
            high = middle;
    }
    segment_list_free(&list);
    *place = (struct page_place){segment, low > NEWEST_PAGES ? low - NEWEST_PAGES : 0};
    return rc;
}
