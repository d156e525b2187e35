#include "spool/dead_letters/dead_letters.h"

#include "shared/files/fault_point.h"
#include "spool/dead_letters/dead_letter_file.h"
#include "spool/dead_letters/dead_letter_line.h"
#include "spool/dead_letters/dead_letter_repair.h"
#include "spool/format/checksum_line.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK     ((size_t)256 << 10)
#define WRITE_MAX ((size_t)1 << 20)

/* -- reading */

struct each {
    dead_fn *fn;
    void *ctx;
    bool all; /* not only those that are listed */
    struct dead_letter_line_memory memory;
};

static enum err_code each_dead_letter(void *ctx, const char *line, size_t n, struct err *e)
{
    struct each *each = ctx;
    struct dead_letter letter;
    dead_letter_line_read(&each->memory, line, n, &letter);
    if (letter.state != DEAD_LISTED && !each->all)
        return OK;
    return each->fn(each->ctx, &letter, e);
}

enum err_code dead_each(const struct spool *s, const char *table, enum dead_side side, dead_fn *fn,
                        void *ctx, struct err *e)
{
    struct dead_letter_file file;
    struct each each = {.fn = fn, .ctx = ctx};
    enum err_code rc = dead_letter_file_look(&file, s, table, side, e);
    if (rc != OK || file.fd < 0)
        return rc;
    dead_letter_line_memory_init(&each.memory);
    rc = dead_letter_file_each_line(&file, each_dead_letter, &each, e);
    dead_letter_line_memory_free(&each.memory);
    return dead_letter_file_close(&file, rc, e);
}

/* Is b the file that the position belongs to, with the lines that were read? */
static enum err_code recognize(const struct dead_letter_file *b,
                               const struct dead_position *position, const struct stat *st,
                               bool *same, struct err *e)
{
    char sum[sizeof position->sum];
    size_t got = 0;
    *same = false;
    if (position->inode != st->st_ino || position->device != st->st_dev ||
        position->offset > st->st_size)
        return OK;
    enum err_code rc = OK;
    if (position->offset > (int64_t)sizeof sum)
        rc = io_pread(b->fd, sum, sizeof sum, position->offset - (int64_t)sizeof sum, &got, b->path,
                      e);
    *same = got == sizeof sum && memcmp(sum, position->sum, sizeof sum) == 0;
    return rc;
}

static enum err_code read_sum(const struct dead_letter_file *b, struct dead_position *position,
                              struct err *e)
{
    size_t got = 0;
    if (position->offset <= (int64_t)sizeof position->sum)
        return OK;
    return io_pread(b->fd, position->sum, sizeof position->sum,
                    position->offset - (int64_t)sizeof position->sum, &got, b->path, e);
}

enum err_code dead_each_since(const struct spool *s, const char *table, enum dead_side side,
                              struct dead_position *position, bool *anew, dead_fn *fn, void *ctx,
                              struct err *e)
{
    struct dead_letter_file file;
    struct stat st;
    struct buf tail;
    struct each each = {.fn = fn, .ctx = ctx, .all = true};
    bool same = false;
    struct err none;
    enum err_code rc = dead_letter_file_look(&file, s, table, side, e);
    *anew = true;
    if (rc != OK || file.fd < 0) {
        *position = (struct dead_position){0};
        return rc;
    }
    dead_letter_line_memory_init(&each.memory);
    buf_init(&tail, DEAD_LETTER_LINE_MAX + CHUNK);
    if (fstat(file.fd, &st) != 0)
        rc = err_sys(e, ERR_IO, "cannot look at %s", file.path);
    if (rc == OK && (rc = recognize(&file, position, &st, &same, e)) == OK) {
        if (!same)
            *position = (struct dead_position){.device = st.st_dev, .inode = st.st_ino};
        *anew = !same;
        rc = dead_letter_file_each_whole_line(&file, &position->offset, &tail, each_dead_letter,
                                              &each, e);
        if (read_sum(&file, position, rc == OK ? e : &none) != OK)
            *position = (struct dead_position){0}; /* the next one reads all again */
    }
    buf_free(&tail);
    dead_letter_line_memory_free(&each.memory);
    return dead_letter_file_close(&file, rc, e);
}

/* -- adding */

/* Finds the last line end; the bytes behind it were never acknowledged. */
static enum err_code find_end(const struct dead_letter_file *b, int64_t size, int64_t *end,
                              struct err *e)
{
    char chunk[4096];
    *end = size;
    while (*end > 0) {
        int64_t from = *end > (int64_t)sizeof chunk ? *end - (int64_t)sizeof chunk : 0;
        size_t got;
        enum err_code rc = io_pread(b->fd, chunk, (size_t)(*end - from), from, &got, b->path, e);
        if (rc != OK)
            return rc;
        const char *lf = memrchr(chunk, '\n', got);
        *end = lf ? from + (lf - chunk) + 1 : from;
        if (lf)
            break;
    }
    return OK;
}

/* Removes a last line that a crash has cut short: its writer was not told that it is kept, and writes it again. A last line that
 * is whole but for its line end stays. */
static enum err_code repair_tail(const struct dead_letter_file *b, int64_t *end, struct err *e)
{
    struct stat st;
    struct buf tail;
    size_t got;
    enum err_code rc;
    if (fstat(b->fd, &st) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", b->path);
    if ((rc = find_end(b, st.st_size, end, e)) != OK || *end == st.st_size)
        return rc;
    buf_init(&tail, DEAD_LETTER_LINE_MAX);
    size_t n = (size_t)(st.st_size - *end);
    if (n <= DEAD_LETTER_LINE_MAX && buf_reserve(&tail, n) == OK &&
        io_pread(b->fd, tail.data, n, *end, &got, b->path, e) == OK && got == n) {
        size_t whole = checksum_line_ok(tail.data, n)       ? n
                       : checksum_line_ok(tail.data, n - 1) ? n - 1
                                                            : 0;
        if (whole > 0 && (rc = io_pwrite(b->fd, "\n", 1, *end + (int64_t)whole, b->path, e)) == OK)
            *end += (int64_t)whole + 1;
    }
    buf_free(&tail);
    if (rc == OK && ftruncate(b->fd, *end) != 0)
        rc = err_sys(e, ERR_IO, "cannot cut %s", b->path);
    return rc;
}

static enum err_code append(const struct dead_letter_file *b, const struct dead_letter *letters,
                            size_t n, int64_t at, struct err *e)
{
    struct buf lines;
    enum err_code rc = OK;
    buf_init(&lines, DEAD_LETTER_LINE_MAX + WRITE_MAX);
    for (size_t i = 0; i < n && rc == OK; i++) {
        if ((rc = dead_letter_line_add(&lines, &letters[i])) != OK) {
            (void)buf_err(e, rc, &lines, "a dead letter");
        } else if (lines.len >= WRITE_MAX || i + 1 == n) {
            rc = io_pwrite(b->fd, lines.data, lines.len, at, b->path, e);
            at += (int64_t)lines.len;
            buf_reset(&lines);
        }
    }
    buf_free(&lines);
    return rc;
}

enum err_code dead_add(const struct spool *s, const char *table, enum dead_side side,
                       const struct dead_letter *letters, size_t n, struct err *e)
{
    struct dead_letter_file file;
    int64_t end = 0;
    enum err_code rc = n ? dead_letter_file_open(&file, s, table, side, O_RDWR | O_CREAT, e) : OK;
    if (n == 0)
        return OK;
    if (rc != OK || (rc = dead_letter_file_settle(&file, e)) != OK ||
        (rc = repair_tail(&file, &end, e)) != OK || (rc = append(&file, letters, n, end, e)) != OK)
        goto done;
    FAULT("dead-letter-written");
    if (fsync(file.fd) != 0)
        rc = err_sys(e, ERR_IO, "cannot sync %s", file.path);
    FAULT("dead-letter-synced");
    if (rc == OK)
        dead_letter_file_acknowledge(&file);
done:
    return dead_letter_file_close(&file, rc, e);
}
