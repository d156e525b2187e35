#include "spool/reader/reader.h"

#include "shared/base/buf.h"
#include "spool/journal/journal_scan.h"
#include "spool/segment/healed.h"
#include "spool/segment/segment_data.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define CHUNK ((size_t)256 << 10)

struct reader {
    char dir[IO_PATH];
    char table[NAMES_TABLE_MAX + 1];
    char file[NAMES_TABLE_MAX + SEGMENT_NAME_MAX + 2];
    char position[PAGE_POSITION_MAX + 1];
    struct journal_scan *scan;
    struct segment_data *data; /* of data_segment; NULL: not open */
    uint64_t data_segment;
    uint64_t total; /* its bytes, or UINT64_MAX */
    bool trust;     /* records are not read; the journals alone count */
    bool held;      /* the current page is still to be handed out */
    bool gone;      /* its segment was pruned meanwhile: on to the next one */
    struct page_place after;
    struct page_info info;
    XXH3_state_t *hash;

    struct buf text; /* the page, or a part of it beyond READER_PAGE_CACHE */
    size_t pos;      /* of the next line in it */
    uint64_t left;   /* bytes of the page not yet in text */
    bool usable;     /* a page is at hand */
};

static enum err_code reader_make(struct reader **out, const struct spool *s, const char *table,
                                 bool trust, struct err *e)
{
    enum err_code rc;
    struct reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&r->text, PAGE_LINE_MAX + CHUNK);
    r->trust = trust;
    r->hash = XXH3_createState();
    if (!r->hash) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    if ((rc = table_dir(r->dir, s, table, e)) != OK)
        goto done;
    memcpy(r->table, table, strlen(table));
    if ((rc = journal_scan_open(&r->scan, r->dir, table,
                                trust ? JOURNAL_SCAN_LOOK : JOURNAL_SCAN_ACT, e)) != OK)
        goto done;
    *out = r;
    r = NULL;
done:
    reader_close(r);
    return rc;
}

enum err_code reader_open(struct reader **r, const struct spool *s, const char *table,
                          struct err *e)
{
    return reader_make(r, s, table, false, e);
}

enum err_code reader_open_trusting(struct reader **r, const struct spool *s, const char *table,
                                   struct err *e)
{
    return reader_make(r, s, table, true, e);
}

void reader_close(struct reader *r)
{
    if (!r)
        return;
    journal_scan_close(r->scan);
    segment_data_close(r->data);
    (void)XXH3_freeState(r->hash);
    buf_free(&r->text);
    free(r);
}

enum err_code reader_seek(struct reader *r, struct page_place after, struct err *e)
{
    (void)e;
    segment_data_close(r->data);
    r->data = NULL;
    r->data_segment = 0;
    r->held = r->usable = false;
    r->after = after;
    journal_scan_seek(r->scan, after);
    return OK;
}

static void name_file(struct reader *r, uint64_t segment, enum segment_file kind)
{
    char name[SEGMENT_NAME_MAX];
    (void)snprintf(r->file, sizeof r->file, "%s/%s", r->table, segment_name(name, segment, kind));
}

/* Reports the current page as damaged. why: the message of the layer below, if there is one. */
static enum err_code damaged(struct reader *r, enum reader_what *what, const char *why,
                             struct err *e)
{
    *what = READER_DAMAGED;
    (void)err_set(e, ERR_DAMAGED, "%s: page %" PRIu64 ", byte %" PRIu64 ": %s", r->file,
                  r->info.place.page, r->info.offset, why);
    return OK;
}

/* Opens the segment's records. *what becomes READER_DAMAGED when damage must be reported before the page. */
static enum err_code open_data(struct reader *r, enum reader_what *what, struct err *e)
{
    struct journal_footer footer;
    struct err why = ERR_INIT;
    bool sealed = false;
    uint64_t segment = r->info.place.segment;
    enum err_code rc;
    segment_data_close(r->data);
    r->data = NULL;
    r->data_segment = segment;
    rc = journal_read_footer(r->dir, segment, &footer, &sealed, &why);
    if (rc != OK && why.sys != ENOENT) {
        if (e)
            *e = why;
        return rc;
    }
    sealed = sealed && rc == OK;
    why = ERR_INIT;
    r->total = sealed ? footer.bytes : UINT64_MAX;
    rc = segment_data_open(&r->data, r->dir, segment, r->total, &why);
    if (rc != OK && why.sys == ENOENT) {
        if ((rc = journal_scan_is_pruned(r->scan, &r->gone, e)) != OK)
            return rc;
        name_file(r, segment, SEGMENT_DATA);
        *what = READER_DAMAGED;
        (void)err_set(e, ERR_DAMAGED, "%s is missing: pages %" PRIu64 " and on are lost", r->file,
                      r->info.place.page);
        r->info = (struct page_info){.place = {segment + 1, 0}};
        journal_scan_skip_segment(r->scan);
        return OK;
    }
    if (rc != OK) {
        if (e)
            *e = why;
        return rc;
    }
    name_file(r, segment, segment_data_kind(r->data));
    const char *complaint = segment_data_complaint(r->data);
    struct page_place start = {segment, 0};
    if (complaint && page_compare(start, r->after) > 0) {
        *what = READER_DAMAGED;
        (void)err_set(e, ERR_DAMAGED, "%s %s; its pages are found without it", r->file, complaint);
        r->info.place = start;
        r->held = true;
    }
    return OK;
}

/* Reads on at the end of text. *got 0: the file or the frame has no more. */
static enum err_code read_chunk(struct reader *r, size_t want, size_t *got, struct err *e)
{
    enum err_code rc = buf_reserve(&r->text, want);
    if (rc != OK)
        return buf_err(e, rc, &r->text, "a record");
    if ((rc = segment_data_read(r->data, r->text.data + r->text.len, want, got, e)) != OK)
        return rc;
    buf_grown(&r->text, *got);
    return OK;
}

static uint64_t count_lines(const char *p, size_t n)
{
    uint64_t lines = 0;
    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
    return lines;
}

/* Reads the whole page and compares its checksum. A page of up to READER_PAGE_CACHE bytes stays in text. */
static enum err_code check_page(struct reader *r, const char **why, struct err *e)
{
    uint64_t left = r->info.bytes;
    uint64_t lines = 0;
    char last = '\n';
    bool keep = left <= READER_PAGE_CACHE;
    buf_reset(&r->text);
    if (XXH3_64bits_reset(r->hash) != XXH_OK)
        return err_set(e, ERR_INTERNAL, "cannot compute a checksum");
    while (left > 0) {
        size_t got = 0;
        size_t held = r->text.len;
        size_t want = left < CHUNK ? (size_t)left : CHUNK;
        enum err_code rc = read_chunk(r, want, &got, e);
        if (rc != OK)
            return rc;
        if (got == 0) {
            *why = "the file ends within it";
            return OK;
        }
        const char *p = r->text.data + held;
        if (XXH3_64bits_update(r->hash, p, got) != XXH_OK)
            return err_set(e, ERR_INTERNAL, "cannot compute a checksum");
        lines += count_lines(p, got);
        last = p[got - 1];
        left -= got;
        if (!keep)
            buf_reset(&r->text);
    }
    if (XXH3_64bits_digest(r->hash) != r->info.hash)
        *why = "its records do not match its checksum";
    else if (lines != r->info.records || last != '\n')
        *why = "it has not as many records as it should";
    return OK;
}

static enum err_code try_page(struct reader *r, const char **why, struct err *e)
{
    enum err_code rc = OK;
    *why = NULL;
    if (r->info.bytes > 0)
        rc = segment_data_seek(r->data, r->info.offset, e);
    return rc == OK ? check_page(r, why, e) : rc;
}

/* In a copy of a spool that was begun before a segment was sealed, the plain and the compressed file can both be there, and one of
 * them is not whole. Returns true if the page is whole in the other file, which is read from then on. */
static bool try_other(struct reader *r)
{
    struct segment_data *mine = r->data;
    struct segment_data *other = NULL;
    struct err below = ERR_INIT;
    const char *why = NULL;
    if (r->info.bytes == 0 || segment_data_open_other(&other, mine, r->dir, r->info.place.segment,
                                                      r->total, &below) != OK)
        return false;
    r->data = other;
    bool there = try_page(r, &why, &below) == OK && !why;
    if (!there)
        r->data = mine;
    segment_data_close(there ? mine : other);
    name_file(r, r->info.place.segment, segment_data_kind(r->data));
    return there;
}

/* Loads the page. Damage that the layer below finds is reported as damage of the page; other errors are errors. */
static enum err_code load_page(struct reader *r, enum reader_what *what, struct err *e)
{
    struct err below = ERR_INIT;
    const char *why = NULL;
    enum err_code rc = try_page(r, &why, &below);
    if ((rc == ERR_DAMAGED || (rc == OK && why)) && try_other(r)) {
        rc = OK;
        why = NULL;
    }
    if (rc == ERR_DAMAGED)
        return damaged(r, what, below.msg, e);
    if (rc != OK) {
        if (e)
            *e = below;
        return rc;
    }
    if (why)
        return damaged(r, what, why, e);
    r->usable = true;
    return reader_rewind(r, e);
}

static enum err_code next_page(struct reader *r, enum reader_what *what, struct err *e)
{
    enum err_code rc;
    r->info = *journal_scan_page(r->scan);
    *what = READER_PAGE;
    if (r->trust)
        return OK;
    if (r->info.bytes > 0 && r->data_segment != r->info.place.segment) {
        rc = open_data(r, what, e);
        if (rc != OK || *what == READER_DAMAGED)
            return rc;
    }
    if (r->info.bytes == 0)
        name_file(r, r->info.place.segment, SEGMENT_DATA);
    else
        name_file(r, r->info.place.segment, segment_data_kind(r->data));
    memcpy(r->position, journal_scan_position(r->scan), strlen(journal_scan_position(r->scan)) + 1);
    return load_page(r, what, e);
}

static enum err_code next_any(struct reader *r, enum reader_what *what, struct err *e)
{
    enum journal_scan_what found = JOURNAL_SCAN_PAGE;
    enum err_code rc;
    r->usable = r->gone = false;
    buf_reset(&r->text); /* a page without records loads none */
    if (r->held)
        r->held = false;
    else if ((rc = journal_scan_next(r->scan, &found, e)) != OK)
        return rc;
    if (found == JOURNAL_SCAN_PAGE)
        return next_page(r, what, e);
    *what = found == JOURNAL_SCAN_END ? READER_END : READER_DAMAGED;
    if (found == JOURNAL_SCAN_DAMAGED) {
        r->info = *journal_scan_page(r->scan);
        name_file(r, r->info.place.segment, SEGMENT_JOURNAL);
    }
    return OK;
}

/* Passes over segments that are pruned meanwhile, and over damage that was healed. */
enum err_code reader_next(struct reader *r, const struct page_info **info, enum reader_what *what,
                          struct err *e)
{
    enum err_code rc;
    bool pass;
    *info = &r->info;
    do {
        struct err none;
        rc = next_any(r, what, e);
        pass = rc == OK && r->gone;
        if (rc == OK && !pass && *what == READER_DAMAGED)
            rc = healed_has(r->dir, r->info.place, &pass, e ? e : &none);
    } while (rc == OK && pass);
    return rc;
}

enum err_code reader_rewind(struct reader *r, struct err *e)
{
    r->pos = 0;
    if (r->info.bytes <= READER_PAGE_CACHE) {
        r->left = 0;
        return OK;
    }
    buf_reset(&r->text);
    r->left = r->info.bytes;
    return segment_data_seek(r->data, r->info.offset, e);
}

static enum err_code too_long(const struct reader *r, uint64_t n, struct err *e)
{
    return err_set(e, ERR_TOO_BIG,
                   "a line of %" PRIu64 " bytes, more than the %u that are read; it stays in %s", n,
                   PAGE_LINE_MAX, r->file);
}

/* Reads more of the page's bytes that are left. */
static enum err_code read_more(struct reader *r, struct err *e)
{
    size_t got = 0;
    enum err_code rc = read_chunk(r, r->left < CHUNK ? (size_t)r->left : CHUNK, &got, e);
    if (rc == OK && got == 0)
        rc = err_set(e, ERR_IO, "%s became shorter while it was read", r->file);
    r->left -= rc == OK ? got : 0;
    return rc;
}

/* text holds the beginning of a line that is too long: goes on to the line's end. */
static enum err_code skip_line(struct reader *r, struct err *e)
{
    uint64_t n = 0;
    const char *lf = NULL;
    while (lf == NULL) {
        n += r->text.len;
        buf_reset(&r->text);
        enum err_code rc = read_more(r, e);
        if (rc != OK)
            return rc;
        lf = memchr(r->text.data, '\n', r->text.len);
    }
    r->pos = (size_t)(lf - r->text.data) + 1;
    return too_long(r, n + r->pos - 1, e);
}

enum err_code reader_line(struct reader *r, const char **line, size_t *n, struct err *e)
{
    size_t searched = r->pos;
    *line = NULL;
    *n = 0;
    while (r->usable) {
        const char *from = r->text.data + searched;
        const char *lf = r->text.len > searched ? memchr(from, '\n', r->text.len - searched) : NULL;
        if (lf) {
            *line = r->text.data + r->pos;
            *n = (size_t)(lf - *line);
            r->pos += *n + 1;
            return *n <= PAGE_LINE_MAX ? OK : too_long(r, *n, e);
        }
        if (r->left == 0)
            return OK;
        buf_consume(&r->text, r->pos);
        r->pos = 0;
        searched = r->text.len;
        if (searched > PAGE_LINE_MAX)
            return skip_line(r, e);
        enum err_code rc = read_more(r, e);
        if (rc != OK)
            return rc;
    }
    return OK;
}

enum err_code reader_bytes(struct reader *r, const char **p, size_t *n, struct err *e)
{
    *p = NULL;
    *n = 0;
    if (!r->usable)
        return OK;
    if (r->pos == r->text.len && r->left > 0) {
        buf_reset(&r->text);
        r->pos = 0;
        enum err_code rc = read_more(r, e);
        if (rc != OK)
            return rc;
    }
    *p = r->text.data + r->pos;
    *n = r->text.len - r->pos;
    r->pos = r->text.len;
    return OK;
}

const char *reader_journal_line(const struct reader *r, size_t *n)
{
    return journal_scan_line(r->scan, n);
}

const char *reader_file(const struct reader *r)
{
    return r->file;
}

const char *reader_position(const struct reader *r)
{
    return r->trust ? journal_scan_position(r->scan) : r->position;
}
