#include "load/target/loaded_pages.h"

#include "shared/time/when.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX ((size_t)2 << 20)
#define FULL     (TEXT_MAX / 2)
#define CHAIN    17

void loaded_pages_init(struct loaded_pages *p)
{
    *p = (struct loaded_pages){.fetched = WHEN_NONE};
    buf_init(&p->segments, TEXT_MAX);
    buf_init(&p->pages, TEXT_MAX);
    buf_init(&p->chains, TEXT_MAX);
}

void loaded_pages_free(struct loaded_pages *p)
{
    buf_free(&p->segments);
    buf_free(&p->pages);
    buf_free(&p->chains);
}

void loaded_pages_reset(struct loaded_pages *p)
{
    buf_reset(&p->segments);
    buf_reset(&p->pages);
    buf_reset(&p->chains);
    p->last = (struct page_place){0, 0};
    p->begun = 0;
    p->fetched = WHEN_NONE;
    p->holes_count = 0;
}

static enum err_code begin_run(struct loaded_pages *p, struct page_place place)
{
    const char *mark = p->segments.len == 0 ? "{" : ",";
    enum err_code rc = buf_addf(&p->segments, "%s%" PRIu64, mark, place.segment);

    if (rc == OK)
        rc = buf_addf(&p->pages, "%s%" PRIu64, mark, place.page);
    return rc == OK ? buf_adds(&p->chains, mark) : rc;
}

enum err_code loaded_pages_add(struct loaded_pages *p, const struct page_info *page, struct err *e)
{
    char chain[CHAIN];
    bool next = page->place.segment == p->last.segment && page->place.page == p->last.page + 1 &&
                p->last.page > 0;
    enum err_code rc = next ? OK : begin_run(p, page->place);

    (void)snprintf(chain, sizeof chain, "%016" PRIx64, page->chain);
    if (rc == OK)
        rc = buf_adds(&p->chains, chain);
    p->last = page->place;
    if (page->place.page == 1)
        p->begun = page->place.segment;
    if (p->fetched == WHEN_NONE || page->fetched > p->fetched)
        p->fetched = page->fetched;
    return rc == OK ? OK : buf_err(e, rc, &p->chains, "a batch's pages");
}

void loaded_pages_hole(struct loaded_pages *p, struct page_place after, struct page_place place,
                       const char *why)
{
    struct page_hole *h = &p->holes[p->holes_count];

    if (p->holes_count == LOADED_PAGES_HOLES)
        return;
    p->holes_count++;
    *h = (struct page_hole){.after = after, .place = place};
    (void)snprintf(h->why, sizeof h->why, "%s", why);
}

bool loaded_pages_full(const struct loaded_pages *p)
{
    return p->chains.len >= FULL || p->pages.len >= FULL || p->segments.len >= FULL ||
           p->holes_count == LOADED_PAGES_HOLES;
}

enum err_code page_hole_sql(const struct page_hole *h, const struct sql_var key[4], struct buf *sql,
                            struct err *e)
{
    char numbers[4][24];
    const uint64_t values[4] = {h->place.segment, h->place.page, h->after.segment, h->after.page};

    for (size_t i = 0; i < 4; i++)
        (void)snprintf(numbers[i], sizeof numbers[i], "%" PRIu64, values[i]);
    const struct sql_var vars[] = {key[0],
                                   key[1],
                                   key[2],
                                   key[3],
                                   {"segment", numbers[0]},
                                   {"page", numbers[1]},
                                   {"after_segment", numbers[2]},
                                   {"after_page", numbers[3]},
                                   {"gap", h->gap ? "true" : "false"},
                                   {"why", h->why}};
    return sql_expand(sql, sql_hole_store, vars, sizeof vars / sizeof *vars, e);
}

/* Copies the array's text, with its closing brace. */
static enum err_code closed(const struct buf *from, struct buf *to)
{
    enum err_code rc = buf_add(to, from->data, from->len);

    return rc == OK ? buf_adds(to, "}") : rc;
}

static enum err_code add_pages(const struct loaded_pages *p, const struct sql_var key[4],
                               struct buf *sql, struct err *e)
{
    struct buf texts[3];
    enum err_code rc;

    for (size_t i = 0; i < 3; i++)
        buf_init(&texts[i], TEXT_MAX);
    if ((rc = closed(&p->segments, &texts[0])) != OK || (rc = closed(&p->pages, &texts[1])) != OK ||
        (rc = closed(&p->chains, &texts[2])) != OK) {
        (void)buf_err(e, rc, &texts[2], "a batch's pages");
    } else {
        const struct sql_var vars[] = {key[0],
                                       key[1],
                                       key[2],
                                       key[3],
                                       {"segments", texts[0].data},
                                       {"pages", texts[1].data},
                                       {"chains", texts[2].data}};
        rc = sql_expand(sql, sql_pages_store, vars, sizeof vars / sizeof *vars, e);
    }
    for (size_t i = 0; i < 3; i++)
        buf_free(&texts[i]);
    return rc;
}

static enum err_code forget_old(uint64_t segment, const struct sql_var key[4], struct buf *sql,
                                struct err *e)
{
    char number[24];

    (void)snprintf(number, sizeof number, "%" PRIu64, segment);
    const struct sql_var vars[] = {key[0], key[1], key[2], key[3], {"segment", number}};
    return sql_expand(sql, sql_pages_forget, vars, sizeof vars / sizeof *vars, e);
}

enum err_code loaded_pages_sql(const struct loaded_pages *p, bool pages,
                               const struct sql_var key[4], struct buf *sql, struct err *e)
{
    enum err_code rc = pages && p->segments.len > 0 ? add_pages(p, key, sql, e) : OK;

    if (rc == OK && pages && p->begun > 0)
        rc = forget_old(p->begun, key, sql, e);

    for (size_t i = 0; rc == OK && i < p->holes_count; i++)
        rc = page_hole_sql(&p->holes[i], key, sql, e);
    return rc;
}
