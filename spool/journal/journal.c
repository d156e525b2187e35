#include "spool/journal/journal.h"

#include "spool/format/checksum_line.h"
#include "spool/journal/journal_codec.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOOTER_MAX 1024

struct journal {
    int fd;
    char path[IO_PATH];
    uint64_t at; /* of buffer[pos] in the file */
    size_t pos;
    size_t len;
    bool skipping;   /* within a line longer than any that can be */
    bool bad_end;    /* the byte before pos should have been a line end */
    uint64_t wanted; /* of earlier pages only the number is told */
    struct journal_line line;
    struct err why;
    char position[PAGE_POSITION_MAX + 1]; /* from here on not zeroed */
    char buffer[JOURNAL_BUFFER];
};

enum err_code journal_open(struct journal **j, const char *dir, uint64_t segment, struct err *e)
{
    enum err_code rc;
    *j = malloc(sizeof **j);
    if (!*j)
        return err_set(e, ERR_NOMEM, "out of memory");
    memset(*j, 0,
           offsetof(struct journal, position)); /* what is behind is large, and written first */
    (*j)->position[0] = '\0';
    (*j)->fd = -1;
    if ((rc = segment_path((*j)->path, dir, segment, SEGMENT_JOURNAL, e)) != OK ||
        (rc = segment_open(&(*j)->fd, dir, segment, SEGMENT_JOURNAL, O_RDONLY, e)) != OK) {
        journal_close(*j);
        *j = NULL;
    }
    return rc;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        (void)close(j->fd);
    free(j);
}

void journal_skim(struct journal *j, uint64_t page)
{
    j->wanted = page;
}

/* Reads more bytes behind those that are not yet taken; *got is 0 at the end of the file. */
static enum err_code read_more(struct journal *j, size_t *got, struct err *e)
{
    memmove(j->buffer, j->buffer + j->pos, j->len - j->pos);
    j->len -= j->pos;
    j->pos = 0;
    enum err_code rc = io_pread(j->fd, j->buffer + j->len, sizeof j->buffer - j->len,
                                (int64_t)(j->at + j->len), got, j->path, e);
    if (rc == OK)
        j->len += *got;
    return rc;
}

static void consume(struct journal *j, size_t n)
{
    j->pos += n;
    j->at += n;
}

static void set_bad(struct journal *j, const char *why)
{
    j->line.kind = JOURNAL_BAD;
    j->line.why = why;
}

/* The n bytes at pos are a line; pos moves on by `end`. */
static enum err_code decode(struct journal *j, size_t n, size_t end, struct err *e)
{
    enum err_code rc = journal_decode(j->buffer + j->pos, n, &j->line, j->position, &j->why);
    j->line.at = j->at;
    j->line.text = j->buffer + j->pos;
    j->line.n = n;
    consume(j, end);
    if (rc == ERR_DAMAGED) {
        set_bad(j, j->why.msg);
        return OK;
    }
    if (rc != OK) {
        *e = j->why;
        return err_prefix(e, "%s", j->path);
    }
    return OK;
}

/* Returns the number of the page whose line begins so, or 0. */
static uint64_t page_number(const char *p, size_t n)
{
    static const char begin[] = "{\"page\":";
    uint64_t number = 0;
    size_t i = sizeof begin - 1;
    if (n <= i || memcmp(p, begin, i) != 0)
        return 0;
    for (; i < n && p[i] >= '0' && p[i] <= '9' && number < UINT64_MAX / 10 - 1; i++)
        number = number * 10 + (uint64_t)(p[i] - '0');
    return i < n && p[i] == ',' ? number : 0;
}

/* The n bytes at pos are a line. Is it an intact one of a page that is not wanted? A line is some kilobytes of JSON, so that parsing
 * all those before the wanted ones is most of what a reader costs that looks for the next page every half second. */
static bool skim(struct journal *j, size_t n)
{
    const char *p = j->buffer + j->pos;
    uint64_t number = j->wanted > 0 ? page_number(p, n) : 0;
    if (number == 0 || number >= j->wanted || !checksum_line_ok(p, n))
        return false;
    j->line.kind = JOURNAL_PAGE;
    j->line.page = (struct page_info){.place.page = number};
    j->line.at = j->at;
    j->line.text = p;
    j->line.n = n;
    consume(j, n + 1);
    return true;
}

/* Where a line end is damaged, two lines look like one. Returns the length of the first one if it is intact, or 0. */
static size_t intact_before_damaged_end(const struct journal *j, size_t n)
{
    const char *p = j->buffer + j->pos;
    if (checksum_line_ok(p, n))
        return 0;
    size_t intact = checksum_line_prefix(p, n);
    return intact > 0 && intact < n ? intact : 0;
}

static enum err_code next_complete(struct journal *j, size_t n, struct err *e)
{
    if (j->skipping) {
        j->skipping = false;
        consume(j, n + 1);
        return OK;
    }
    if (skim(j, n))
        return OK;
    size_t intact = intact_before_damaged_end(j, n);
    if (intact > 0) {
        j->bad_end = true;
        return decode(j, intact, intact + 1, e);
    }
    return decode(j, n, n + 1, e);
}

/* The file has no more bytes, and those that are left have no line end. */
static enum err_code next_at_end(struct journal *j, struct err *e)
{
    size_t left = j->len - j->pos;
    size_t intact = j->skipping ? 0 : intact_before_damaged_end(j, left);
    if (intact > 0) {
        j->bad_end = true;
        return decode(j, intact, intact + 1, e);
    }
    j->line.kind = JOURNAL_END;
    j->line.at = j->at;
    j->line.tail = left + j->skipping;
    return OK;
}

enum err_code journal_next(struct journal *j, const struct journal_line **line, struct err *e)
{
    *line = &j->line;
    j->line.position = j->position;
    if (j->bad_end) {
        j->bad_end = false;
        j->line.kind = JOURNAL_BAD_END;
        j->line.at = j->at - 1;
        return OK;
    }
    for (;;) {
        const char *from = j->buffer + j->pos;
        const char *lf = memchr(from, '\n', j->len - j->pos);
        if (lf) {
            bool skipped = j->skipping;
            enum err_code rc = next_complete(j, (size_t)(lf - from), e);
            if (skipped && rc == OK)
                continue;
            return rc;
        }
        if (j->len - j->pos == sizeof j->buffer) {
            bool first = !j->skipping;
            j->line.at = j->at;
            j->skipping = true;
            consume(j, sizeof j->buffer);
            if (first) {
                set_bad(j, "is longer than any line can be");
                return OK;
            }
        }
        size_t got;
        enum err_code rc = read_more(j, &got, e);
        if (rc != OK)
            return rc;
        if (got == 0)
            return next_at_end(j, e);
    }
}

const struct journal_line *journal_line(const struct journal *j)
{
    return &j->line;
}

enum err_code journal_sync(struct journal *j, struct err *e)
{
    /* EROFS, EINVAL: on a medium that cannot be written nothing can be lost. */
    if (fdatasync(j->fd) != 0 && errno != EROFS && errno != EINVAL)
        return err_sys(e, ERR_IO, "cannot sync %s", j->path);
    return OK;
}

uint64_t journal_read_to(const struct journal *j)
{
    return j->at + (j->len - j->pos);
}

enum err_code journal_read_header(const char *dir, uint64_t segment, struct journal_header *h,
                                  struct err *e)
{
    struct journal *j;
    const struct journal_line *line;
    enum err_code rc = journal_open(&j, dir, segment, e);
    if (rc != OK)
        return rc;
    if ((rc = journal_next(j, &line, e)) != OK)
        goto done;
    if (line->kind == JOURNAL_HEADER)
        *h = line->header;
    else
        rc = err_set(e, ERR_DAMAGED, "%s does not begin with a header", j->path);
done:
    journal_close(j);
    return rc;
}

/* A footer is short, so the last bytes of the file hold all of it. */
enum err_code journal_read_footer(const char *dir, uint64_t segment, struct journal_footer *f,
                                  bool *there, struct err *e)
{
    struct journal *j;
    struct stat st;
    size_t got;
    enum err_code rc = journal_open(&j, dir, segment, e);
    *there = false;
    if (rc != OK)
        return rc;
    if (fstat(j->fd, &st) != 0) {
        rc = err_sys(e, ERR_IO, "cannot look at %s", j->path);
        goto done;
    }
    int64_t from = st.st_size > FOOTER_MAX ? st.st_size - FOOTER_MAX : 0;
    if ((rc = io_pread(j->fd, j->buffer, FOOTER_MAX, from, &got, j->path, e)) != OK)
        goto done;
    if (got == 0 || j->buffer[got - 1] != '\n')
        goto done;
    const char *before = memrchr(j->buffer, '\n', got - 1);
    const char *start = before ? before + 1 : j->buffer;
    size_t n = got - 1 - (size_t)(start - j->buffer);
    *there = journal_decode(start, n, &j->line, j->position, &j->why) == OK &&
             j->line.kind == JOURNAL_FOOTER;
    *f = j->line.footer;
done:
    journal_close(j);
    return rc;
}
