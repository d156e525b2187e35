#include "spool/journal/journal_scan.h"

#include "spool/journal/acked.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct journal_scan {
    char dir[IO_PATH];
    char table[NAMES_TABLE_MAX + 1];
    enum journal_scan_use use;
    struct page_place after;
    struct segment_list list;

    uint64_t segment; /* the current one, or the last one that was read */
    unsigned files;   /* the segment's files, when it was opened */
    struct journal *journal;
    uint64_t expect; /* the page that should come next */
    uint64_t lost;   /* 1: page `expect` has been reported as lost */
    bool sealed;     /* its footer was seen */
    bool held;       /* page is to be handed out by the next call */
    bool next_known; /* a later segment exists */
    bool cap_known;
    uint64_t cap;            /* pages of this segment that count, as the next one's header says */
    uint64_t synced;         /* bytes of the journal that are known to be durable */
    struct page_place acked; /* as acked.json was last read */
    uint64_t reported_lost;  /* segments behind the newest, up to this one, were reported as lost */
    bool pressed; /* acked.json was read, and the newest segment is read to its end once more */

    struct page_info page;
    char position[PAGE_POSITION_MAX + 1];
};

enum err_code journal_scan_open(struct journal_scan **s, const char *dir, const char *table,
                                enum journal_scan_use use, struct err *e)
{
    *s = calloc(1, sizeof **s);
    if (!*s)
        return err_set(e, ERR_NOMEM, "out of memory");
    (*s)->use = use;
    memcpy((*s)->dir, dir, strnlen(dir, IO_PATH - 1));
    memcpy((*s)->table, table, strnlen(table, NAMES_TABLE_MAX));
    return OK;
}

void journal_scan_close(struct journal_scan *s)
{
    if (!s)
        return;
    journal_close(s->journal);
    segment_list_free(&s->list);
    free(s);
}

void journal_scan_seek(struct journal_scan *s, struct page_place after)
{
    journal_scan_skip_segment(s);
    s->after = after;
    s->segment = 0;
    s->position[0] = '\0';
}

const struct page_info *journal_scan_page(const struct journal_scan *s)
{
    return &s->page;
}

const char *journal_scan_position(const struct journal_scan *s)
{
    return s->position;
}

const char *journal_scan_line(const struct journal_scan *s, size_t *n)
{
    const struct journal_line *line = journal_line(s->journal);
    *n = line->n;
    return line->text;
}

enum err_code journal_scan_is_pruned(struct journal_scan *s, bool *pruned, struct err *e)
{
    segment_list_free(&s->list);
    enum err_code rc = segment_list_read(&s->list, s->dir, e);
    *pruned = rc == OK && s->segment <= s->list.pruned;
    return rc;
}

void journal_scan_skip_segment(struct journal_scan *s)
{
    journal_close(s->journal);
    s->journal = NULL;
    s->held = false;
}

/* Reports damage once. After a seek to a later place it is not reported again. */
static bool report(struct journal_scan *s, struct page_place place, enum journal_scan_what *what)
{
    if (page_compare(place, s->after) <= 0)
        return false;
    s->page = (struct page_info){.place = place};
    *what = JOURNAL_SCAN_DAMAGED;
    return true;
}

static bool is_later(const struct journal_scan *s)
{
    return segment_list_from(&s->list, s->segment + 1) != NULL;
}

/* Finds the next segment. Its header says how many pages of the current one count. */
static enum err_code find_next(struct journal_scan *s, bool retry, struct err *e)
{
    struct journal_header next;
    struct err why = ERR_INIT;
    if (retry && !is_later(s)) {
        segment_list_free(&s->list);
        enum err_code rc = segment_list_read(&s->list, s->dir, e);
        if (rc != OK)
            return rc;
    }
    const struct segment_entry *entry = segment_list_from(&s->list, s->segment + 1);
    s->next_known = entry != NULL;
    if (!entry)
        return OK;
    enum err_code rc = journal_read_header(s->dir, entry->number, &next, &why);
    s->cap_known = rc == OK && next.previous.segment == s->segment;
    s->cap = next.previous.page;
    if (rc == OK || rc == ERR_DAMAGED || why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

static enum err_code open_journal(struct journal_scan *s, const struct segment_entry *entry,
                                  enum journal_scan_what *what, bool *done, struct err *e)
{
    struct err why = ERR_INIT;
    s->segment = entry->number;
    s->files = entry->files;
    enum err_code rc = journal_open(&s->journal, s->dir, s->segment, &why);
    if (rc != OK && why.sys == ENOENT) {
        bool pruned;
        if ((rc = journal_scan_is_pruned(s, &pruned, e)) != OK || pruned)
            return rc;
        *done = report(s, (struct page_place){s->segment + 1, 0}, what);
        if (*done)
            (void)err_set(e, ERR_DAMAGED,
                          "%s/%010" PRIu64 ".journal is missing: the segment's pages are lost",
                          s->table, s->segment);
        return OK;
    }
    if (rc != OK) {
        if (e)
            *e = why;
        return rc;
    }
    /* Who acts on pages is handed the position of such a page only. */
    if (s->use == JOURNAL_SCAN_ACT && s->segment == s->after.segment)
        journal_skim(s->journal, s->after.page);
    s->expect = 1;
    s->lost = 0;
    s->sealed = s->held = s->cap_known = false;
    s->synced = 0;
    s->pressed = false;
    return find_next(s, false, e);
}

/* Are segments missing between two that are there? Numbers have no gaps as a rule, but the later segment's header decides: it
 * names the segment before it. */
static bool is_missing(const struct journal_scan *s, uint64_t want, uint64_t found)
{
    struct journal_header h;
    struct err why;
    if (found == want || found - 1 <= s->list.pruned || (s->segment == 0 && s->after.segment == 0))
        return false;
    if (journal_read_header(s->dir, found, &h, &why) != OK)
        return true;
    if (h.previous.segment == s->after.segment && h.previous.page <= s->after.page)
        return false;
    return h.previous.segment > want || (h.previous.segment == want && h.previous.page > 0);
}

/* Reports that pages from expect to last have no line. */
static bool report_gap(struct journal_scan *s, uint64_t last, enum journal_scan_what *what,
                       struct err *e)
{
    if (!report(s, (struct page_place){s->segment, last}, what))
        return false;
    (void)err_set(e, ERR_DAMAGED,
                  "%s/%010" PRIu64 ".journal: the lines of pages %" PRIu64 " to %" PRIu64
                  " are missing: these pages are lost",
                  s->table, s->segment, s->expect, last);
    return true;
}

/* Returns the number of the last segment that was dealt with. */
static uint64_t passed(const struct journal_scan *s)
{
    uint64_t last = s->segment ? s->segment : s->after.segment;
    return last > s->list.pruned ? last : s->list.pruned;
}

/* Is something missing that was acknowledged: pages of the current segment, or all segments behind it? */
static bool is_short(const struct journal_scan *s)
{
    if (s->journal && s->acked.segment == s->segment)
        return s->acked.page >= s->expect + s->lost;
    return s->acked.segment > passed(s) && s->acked.segment > s->reported_lost;
}

static bool report_short(struct journal_scan *s, enum journal_scan_what *what, struct err *e)
{
    bool reported;
    if (s->journal && s->acked.segment == s->segment) {
        reported = report_gap(s, s->acked.page, what, e);
        s->expect = s->acked.page + 1;
        s->lost = 0;
        return reported;
    }
    s->reported_lost = s->acked.segment;
    reported = report(s, (struct page_place){s->acked.segment + 1, 0}, what);
    if (reported)
        (void)err_set(e, ERR_DAMAGED,
                      "%s: segments %" PRIu64 " to %" PRIu64 " are missing: their pages are lost",
                      s->table, passed(s) + 1, s->acked.segment);
    return reported;
}

/* The end of the newest segment. Everything that was acknowledged must be there. acked.json is read first, and the folder and
 * the lines once more after that, because a writer may be adding to all three. */
static enum err_code on_last(struct journal_scan *s, enum journal_scan_what *what, bool *done,
                             struct err *e)
{
    struct acked a;
    enum acked_state state;
    bool again = s->pressed;
    *what = JOURNAL_SCAN_END;
    *done = true;
    s->pressed = false;
    if (!again) {
        enum err_code rc = acked_read(s->dir, &a, &state, e);
        if (rc != OK)
            return rc;
        s->acked = a.place;
    }
    if (!is_short(s))
        return OK;
    s->pressed = !again;
    *done = again && report_short(s, what, e);
    return OK;
}

static enum err_code next_segment(struct journal_scan *s, enum journal_scan_what *what, bool *done,
                                  struct err *e)
{
    uint64_t want = s->segment ? s->segment + 1 : s->after.segment;
    const struct segment_entry *entry = segment_list_from(&s->list, want);
    if (!entry) {
        segment_list_free(&s->list);
        enum err_code rc = segment_list_read(&s->list, s->dir, e);
        if (rc != OK)
            return rc;
        entry = segment_list_from(&s->list, want);
    }
    if (!entry)
        return on_last(s, what, done, e);
    if (is_missing(s, want, entry->number)) {
        s->segment = entry->number - 1;
        *done = report(s, (struct page_place){entry->number, 0}, what);
        if (*done)
            (void)err_set(e, ERR_DAMAGED,
                          "%s: segments %" PRIu64 " to %" PRIu64
                          " are missing: their pages are lost",
                          s->table, want, entry->number - 1);
        return OK;
    }
    return open_journal(s, entry, what, done, e);
}

static bool report_line(struct journal_scan *s, const struct journal_line *line,
                        struct page_place place, const char *why, enum journal_scan_what *what,
                        struct err *e)
{
    if (!report(s, place, what))
        return false;
    (void)err_set(e, ERR_DAMAGED, "%s/%010" PRIu64 ".journal: byte %" PRIu64 ": %s", s->table,
                  s->segment, line->at, why);
    return true;
}

static struct page_place at_page(const struct journal_scan *s, uint64_t page)
{
    return (struct page_place){s->segment, page};
}

static bool on_header(struct journal_scan *s, const struct journal_line *line,
                      enum journal_scan_what *what, struct err *e)
{
    memcpy(s->position, line->position, strlen(line->position) + 1);
    if (line->at == 0 && line->header.segment == s->segment &&
        strcmp(line->header.table, s->table) == 0)
        return false;
    if (line->at != 0)
        return report_line(s, line, at_page(s, s->expect - 1), "a header in the middle", what, e);
    /* The line is reported first: leaving the segment closes the journal, and `line` with it. */
    bool reported = report_line(s, line, (struct page_place){s->segment + 1, 0},
                                "the journal of another segment or table", what, e);
    journal_scan_skip_segment(s);
    return reported;
}

static enum err_code on_page(struct journal_scan *s, const struct journal_line *line,
                             enum journal_scan_what *what, bool *done, struct err *e)
{
    uint64_t number = line->page.place.page;
    if (s->cap_known && number > s->cap)
        return OK;
    if (number < s->expect) {
        *done = report_line(s, line, at_page(s, s->expect - 1), "a page that came before", what, e);
        return OK;
    }
    if (number > s->expect + s->lost && report_gap(s, number - 1, what, e)) {
        /* The missing pages are reported first; the next call gets this line. */
        s->expect = number;
        s->lost = 0;
        s->held = *done = true;
        return OK;
    }
    s->expect = number + 1;
    s->lost = 0;
    s->page = line->page;
    s->page.place.segment = s->segment;
    memcpy(s->position, line->position, strlen(line->position) + 1);
    *what = JOURNAL_SCAN_PAGE;
    *done = page_compare(s->page.place, s->after) > 0;
    return OK;
}

static enum err_code on_bad(struct journal_scan *s, const struct journal_line *line,
                            enum journal_scan_what *what, bool *done, struct err *e)
{
    char why[256];
    if (!s->next_known) {
        enum err_code rc = find_next(s, true, e);
        if (rc != OK)
            return rc;
    }
    /* Pages that the writer gave up may be torn. */
    if (s->lost || (s->cap_known && s->expect > s->cap))
        return OK;
    bool header = line->at == 0;
    int n =
        snprintf(why, sizeof why, "a line %s%s", line->why, header ? "" : ": what it told is lost");
    if (n < 0)
        why[0] = '\0';
    if (!header)
        s->lost = 1;
    *done = report_line(s, line, at_page(s, header ? 0 : s->expect), why, what, e);
    return OK;
}

static bool on_footer(struct journal_scan *s, const struct journal_line *line,
                      enum journal_scan_what *what, struct err *e)
{
    s->sealed = true;
    uint64_t pages = line->footer.pages;
    bool gap = pages >= s->expect + s->lost && report_gap(s, pages, what, e);
    s->expect = pages >= s->expect ? pages + 1 : s->expect;
    return gap;
}

/* No further line now. If a later segment is there, this one is left; else this is the end for now. */
static enum err_code on_end(struct journal_scan *s, enum journal_scan_what *what, bool *done,
                            struct err *e)
{
    if (!s->sealed && !s->next_known) {
        enum err_code rc = find_next(s, true, e);
        /* With a later segment, read on once more: lines may have been written before that segment began. */
        return rc != OK || s->next_known ? rc : on_last(s, what, done, e);
    }
    if (s->cap_known && s->expect + s->lost <= s->cap) {
        *done = report_gap(s, s->cap, what, e);
        s->expect = s->cap + 1;
        return OK;
    }
    bool zst_only =
        (s->files & SEGMENT_HAS(SEGMENT_ZST)) && !(s->files & SEGMENT_HAS(SEGMENT_DATA));
    if (zst_only && !s->sealed && !s->lost) {
        *done = report(s, (struct page_place){s->segment + 1, 0}, what);
        if (*done)
            (void)err_set(e, ERR_DAMAGED,
                          "%s/%010" PRIu64 ".journal: the footer is damaged or missing", s->table,
                          s->segment);
    }
    journal_scan_skip_segment(s);
    return OK;
}

/* Is the page durable? A reader must not act on a page that a crash of the machine can still undo, because its place would then
 * be used for another page. A page is durable if a later segment's header counts it, or if the writer has acknowledged it.
 * Where neither can be known (an older version wrote the spool), the journal is synced, which is the best that can be done. */
static enum err_code is_durable(struct journal_scan *s, const struct journal_line *line, bool *is,
                                struct err *e)
{
    struct page_place place = {s->segment, line->page.place.page};
    struct acked a;
    enum acked_state state;
    *is = true;
    if (s->use != JOURNAL_SCAN_ACT || s->cap_known || line->at < s->synced ||
        page_compare(place, s->acked) <= 0)
        return OK;
    enum err_code rc = acked_read(s->dir, &a, &state, e);
    if (rc != OK)
        return rc;
    s->acked = a.place;
    *is = state != ACKED_KNOWN || page_compare(place, s->acked) <= 0;
    if (state == ACKED_KNOWN)
        return OK;
    if ((rc = journal_sync(s->journal, e)) == OK)
        s->synced = journal_read_to(s->journal);
    return rc;
}

/* The page is there and may not be acted on yet: the end for now, unless a later segment's header says by now whether the page
 * counts. */
static enum err_code hold(struct journal_scan *s, enum journal_scan_what *what, bool *done,
                          struct err *e)
{
    enum err_code rc = find_next(s, true, e);
    s->held = true;
    *what = JOURNAL_SCAN_END;
    *done = !s->cap_known;
    return rc;
}

static enum err_code on_line(struct journal_scan *s, const struct journal_line *line,
                             enum journal_scan_what *what, bool *done, struct err *e)
{
    enum err_code rc = OK;
    bool durable;
    switch (line->kind) {
    case JOURNAL_HEADER:
        *done = on_header(s, line, what, e);
        break;
    case JOURNAL_PAGE:
        if ((rc = is_durable(s, line, &durable, e)) == OK)
            rc = durable ? on_page(s, line, what, done, e) : hold(s, what, done, e);
        break;
    case JOURNAL_FOOTER:
        *done = on_footer(s, line, what, e);
        break;
    case JOURNAL_BAD:
        rc = on_bad(s, line, what, done, e);
        break;
    case JOURNAL_BAD_END:
        *done = report_line(s, line, at_page(s, s->expect - 1), "a line end is damaged", what, e);
        break;
    case JOURNAL_END:
        rc = on_end(s, what, done, e);
        break;
    }
    return rc;
}

enum err_code journal_scan_next(struct journal_scan *s, enum journal_scan_what *what, struct err *e)
{
    const struct journal_line *line;
    enum err_code rc = OK;
    bool done = false;
    while (rc == OK && !done) {
        if (!s->journal) {
            rc = next_segment(s, what, &done, e);
            continue;
        }
        if (s->held) {
            s->held = false;
            line = journal_line(s->journal);
        } else {
            rc = journal_next(s->journal, &line, e);
        }
        if (rc == OK)
            rc = on_line(s, line, what, &done, e);
    }
    return rc;
}
