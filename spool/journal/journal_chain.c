#include "spool/journal/journal_chain.h"
#include "spool/format/checksum_line.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW       ((size_t)256 << 10)
#define TAIL         ((int64_t)128 << 10)
#define CHAIN_DIGITS 16

struct search {
    const char *path;
    int fd;
    char needle[48]; /* how a page's line begins */
    size_t needle_len;
    char *window;
    size_t len;
    int64_t at; /* of the window in the file */
    bool ended;
};

static enum err_code fill(struct search *s, size_t keep, struct err *e)
{
    size_t got = 0;
    memmove(s->window, s->window + s->len - keep, keep);
    s->at += (int64_t)(s->len - keep);
    s->len = keep;
    enum err_code rc =
        io_pread(s->fd, s->window + keep, WINDOW - keep, s->at + (int64_t)keep, &got, s->path, e);
    s->len += got;
    s->ended = got == 0;
    return rc;
}

/* Returns the whole line if the window has it; NULL: it does not. */
static const char *find(const struct search *s, size_t *n)
{
    const char *p = s->window;
    const char *end = s->window + s->len;
    while ((p = memmem(p, (size_t)(end - p), s->needle, s->needle_len))) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        bool begins = p == s->window ? s->at == 0 : p[-1] == '\n';
        if (begins && lf) {
            *n = (size_t)(lf - p);
            return p;
        }
        p++;
    }
    return NULL;
}

/* Returns the chain of a page's line whose checksum is right, without parsing the line; 0: not found. The writer puts the chain
 * right before the position. No string within the line can look like that, because quotes in strings are escaped. */
static uint64_t written_chain(const char *text, size_t n)
{
    static const char before[] = ",\"chain\":\"";
    static const char behind[] = "\",\"position\":";
    char digits[CHAIN_DIGITS + 1];
    const char *p = memmem(text, n, before, sizeof before - 1);
    size_t room = sizeof before - 1 + CHAIN_DIGITS + sizeof behind - 1;
    if (!p || (size_t)(text + n - p) < room || !checksum_line_ok(text, n))
        return 0;
    p += sizeof before - 1;
    if (memcmp(p + CHAIN_DIGITS, behind, sizeof behind - 1) != 0)
        return 0;
    (void)snprintf(digits, sizeof digits, "%.*s", CHAIN_DIGITS, p);
    return strspn(digits, "0123456789abcdef") == CHAIN_DIGITS ? strtoull(digits, NULL, 16) : 0;
}

/* Who follows a writer asks for one of the last pages, and the journal may be megabytes by then. */
static enum err_code search_tail(struct search *s, uint64_t *chain, bool *found, struct err *e)
{
    struct stat st;
    size_t n = 0;
    if (fstat(s->fd, &st) != 0 || st.st_size <= TAIL)
        return OK;
    s->at = st.st_size - TAIL;
    enum err_code rc = fill(s, 0, e);
    const char *text = rc == OK ? find(s, &n) : NULL;
    *found = text && (*chain = written_chain(text, n)) != 0;
    s->at = 0;
    s->len = 0;
    return rc;
}

static enum err_code search(struct search *s, uint64_t page, uint64_t *chain, bool *found,
                            struct err *e)
{
    struct journal_line line;
    char position[PAGE_POSITION_MAX + 1];
    struct err why = ERR_INIT;
    enum err_code rc = search_tail(s, chain, found, e);
    if (rc != OK || *found)
        return rc;
    rc = fill(s, 0, e);
    while (rc == OK && !s->ended) {
        size_t n = 0;
        const char *text = find(s, &n);
        if (text && (*chain = written_chain(text, n)) != 0) {
            *found = true;
            return OK;
        }
        if (text && journal_decode(text, n, &line, position, &why) == OK &&
            line.kind == JOURNAL_PAGE && line.page.place.page == page) {
            *chain = line.page.chain;
            *found = true;
            return OK;
        }
        rc = fill(s, s->len < JOURNAL_LINE_MAX ? s->len : JOURNAL_LINE_MAX, e);
    }
    return rc;
}

/* Finds the place's line by how it begins. */
static enum err_code look_for(const char *dir, struct page_place place, uint64_t *chain,
                              bool *found, struct err *e)
{
    char path[IO_PATH];
    struct search s = {.path = path, .fd = -1, .window = malloc(WINDOW)};
    struct err why = ERR_INIT;
    enum err_code rc = segment_path(path, dir, place.segment, SEGMENT_JOURNAL, e);
    *found = false;
    if (!s.window)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    if (rc != OK)
        goto done;
    int n = snprintf(s.needle, sizeof s.needle, "{\"page\":%" PRIu64 ",", place.page);
    s.needle_len = n > 0 ? (size_t)n : 0;
    rc = segment_open(&s.fd, dir, place.segment, SEGMENT_JOURNAL, O_RDONLY, &why);
    if (rc != OK && why.sys == ENOENT)
        rc = OK;
    else if (rc != OK)
        *e = why;
    else
        rc = search(&s, place.page, chain, found, e);
done:
    segment_drop(&s.fd);
    free(s.window);
    return rc;
}

/* *j is NULL, and the result OK, where the segment has no journal. */
static enum err_code open_if_there(struct journal **j, const char *dir, uint64_t segment,
                                   struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = journal_open(j, dir, segment, &why);
    if (rc == OK)
        return OK;
    *j = NULL;
    if (why.sys == ENOENT)
        return OK;
    *e = why;
    return rc;
}

/* The place's line is missing or damaged. Does the segment have pages behind it? */
static enum err_code goes_on(const char *dir, struct page_place place, bool *on, struct err *e)
{
    const struct journal_line *line;
    struct journal *j;
    enum err_code rc = open_if_there(&j, dir, place.segment, e);
    *on = j == NULL;
    if (j == NULL)
        return rc;
    do {
        rc = journal_next(j, &line, e);
        *on = *on ||
              (rc == OK && (line->kind == JOURNAL_BAD || line->kind == JOURNAL_BAD_END ||
                            (line->kind == JOURNAL_PAGE && line->page.place.page > place.page)));
    } while (rc == OK && line->kind != JOURNAL_END);
    journal_close(j);
    return rc;
}

/* The place's segment is missing. The header of a later segment may have the chain. */
static enum err_code ask_next(const char *dir, const struct segment_list *list,
                              const struct segment_entry *next, struct page_place place,
                              uint64_t *chain, enum chain_what *what, struct err *e)
{
    struct journal_header h;
    struct err why = ERR_INIT;
    enum err_code rc = journal_read_header(dir, next->number, &h, &why);
    const struct segment_entry *first = segment_list_from(list, 0);
    *what = first == next ? CHAIN_PRUNED : CHAIN_UNKNOWN;
    if (rc == OK && page_compare(h.previous, place) == 0) {
        *what = h.chain ? CHAIN_THERE : CHAIN_UNKNOWN;
        *chain = h.chain;
    }
    if (rc == OK || rc == ERR_DAMAGED || why.sys == ENOENT)
        return OK;
    *e = why;
    return rc;
}

enum err_code journal_chain_at(const char *dir, const struct segment_list *list,
                               struct page_place place, uint64_t *chain, enum chain_what *what,
                               struct err *e)
{
    const struct segment_entry *entry = segment_list_from(list, place.segment);
    bool found;
    bool on;
    *chain = 0;
    *what = CHAIN_NONE;
    if (!entry)
        return OK;
    if (entry->number != place.segment)
        return ask_next(dir, list, entry, place, chain, what, e);
    enum err_code rc = look_for(dir, place, chain, &found, e);
    if (rc == OK && found)
        *what = CHAIN_THERE;
    if (rc != OK || found || (rc = goes_on(dir, place, &on, e)) != OK)
        return rc;
    *what = on ? CHAIN_UNKNOWN : CHAIN_NONE;
    return OK;
}

enum err_code journal_chain_holds(const char *dir, const struct segment_list *list,
                                  struct page_place place, uint64_t chain, bool *same,
                                  struct err *e)
{
    uint64_t found = 0;
    enum chain_what what = CHAIN_UNKNOWN;
    *same = true;
    if (place.page == 0)
        return OK;
    enum err_code rc = journal_chain_at(dir, list, place, &found, &what, e);
    if (what == CHAIN_THERE)
        *same = chain == 0 || chain == found;
    else
        *same = what != CHAIN_NONE;
    return rc;
}

static enum err_code note(uint64_t **chains, uint64_t *pages, const struct page_info *p,
                          struct err *e)
{
    uint64_t page = p->place.page;
    if (page > *pages) {
        uint64_t *more = reallocarray(*chains, page + 1, sizeof *more);
        if (!more)
            return err_set(e, ERR_NOMEM, "out of memory");
        memset(more + *pages + 1, 0, (page - *pages) * sizeof *more);
        *chains = more;
        *pages = page;
    }
    if (*chains && page > 0)
        (*chains)[page] = p->chain;
    return OK;
}

enum err_code journal_chains(const char *dir, uint64_t segment, uint64_t **chains, uint64_t *pages,
                             struct err *e)
{
    const struct journal_line *line;
    struct journal *j;
    *chains = NULL;
    *pages = 0;
    enum err_code rc = open_if_there(&j, dir, segment, e);
    if (j == NULL)
        return rc;
    do {
        rc = journal_next(j, &line, e);
        if (rc == OK && line->kind == JOURNAL_PAGE && line->page.place.page <= SEGMENT_MAX)
            rc = note(chains, pages, &line->page, e);
    } while (rc == OK && line->kind != JOURNAL_END);
    journal_close(j);
    return rc;
}
