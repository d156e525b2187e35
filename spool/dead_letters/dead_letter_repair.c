#include "spool/dead_letters/dead_letter_repair.h"
#include "shared/files/fault_point.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/dead_letters/dead_letter_file.h"
#include "spool/dead_letters/dead_letter_line.h"
#include "spool/format/checksum_line.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_MAX        ((size_t)1 << 20)
#define DAMAGED_NAME_MAX 64

struct repair {
    const struct dead_letter_file *file;
    struct dead_letter_file new;
    struct buf lines;
    uint64_t acked;
    uint64_t size;
    uint64_t at;    /* of the line at hand */
    int damaged_fd; /* the file that takes what is damaged; -1: nothing was yet */
    char damaged_name[DAMAGED_NAME_MAX];
    char damaged_path[IO_PATH];
    uint64_t damaged;
};

static enum err_code flush(struct repair *m, struct err *e)
{
    enum err_code rc = io_write(m->new.fd, m->lines.data, m->lines.len, m->new.path, e);
    buf_reset(&m->lines);
    return rc;
}

static enum err_code keep_line(struct repair *m, const char *line, size_t n, struct err *e)
{
    enum err_code rc;
    if ((rc = buf_add(&m->lines, line, n)) != OK || (rc = buf_addc(&m->lines, '\n')) != OK)
        return buf_err(e, rc, &m->lines, "a dead letter");
    return m->lines.len >= WRITE_MAX ? flush(m, e) : OK;
}

/* Opens a new file for the damaged lines, each time: no earlier sync of it can have failed. */
static enum err_code open_damaged(struct repair *m, struct err *e)
{
    int stem = (int)strcspn(m->file->name, ".");
    int64_t now = when_now();
    for (int64_t i = 0; m->damaged_fd < 0; i++) {
        (void)snprintf(m->damaged_name, sizeof m->damaged_name, "%.*s.damaged.%" PRId64, stem,
                       m->file->name, now + i);
        enum err_code rc = io_path(m->damaged_path, m->file->dir, m->damaged_name, e);
        if (rc != OK)
            return rc;
        rc = safe_open(&m->damaged_fd, m->damaged_path, O_WRONLY | O_CREAT | O_EXCL, e);
        if (rc != OK && errno != EEXIST)
            return rc;
    }
    return OK;
}

static enum err_code put_damaged(struct repair *m, const char *line, size_t n, struct err *e)
{
    enum err_code rc = m->damaged_fd < 0 ? open_damaged(m, e) : OK;
    if (rc == OK && (rc = io_write(m->damaged_fd, line, n, m->damaged_path, e)) == OK)
        rc = io_write(m->damaged_fd, "\n", 1, m->damaged_path, e);
    m->damaged++;
    return rc;
}

/* Where a line end is damaged, two lines look like one, of which the first is intact. A last line without its line end was being
 * written when a program died, and will be written again. */
static enum err_code on_line(void *ctx, const char *line, size_t n, struct err *e)
{
    struct repair *m = ctx;
    bool cut = m->at + n == m->size && m->acked > 0 && m->acked <= m->at;
    enum err_code rc = OK;
    m->at += n + 1;
    while (rc == OK && n > 0) {
        size_t whole = checksum_line_ok(line, n) ? n : checksum_line_prefix(line, n);
        if (whole == 0)
            return cut ? OK : put_damaged(m, line, n, e);
        rc = keep_line(m, line, whole, e);
        size_t end = whole < n ? whole + 1 : whole;
        line += end;
        n -= end;
    }
    return rc;
}

static enum err_code end_damaged(struct repair *m, struct err *e)
{
    if (m->damaged_fd < 0)
        return OK;
    if (fsync(m->damaged_fd) != 0)
        return err_sys(e, ERR_IO, "cannot sync %s", m->damaged_path);
    FAULT("dead-letters-kept");
    LOG(LOG_WARN, "dead", "damaged lines among the dead letters were moved to a file of theirs",
        F_INT("lines", m->damaged), F_STR("file", m->damaged_path));
    return io_sync_dir(m->file->dir, e);
}

static enum err_code repair(struct dead_letter_file *b, struct repair *m, struct err *e)
{
    enum err_code rc;
    m->file = b;
    m->damaged_fd = m->new.fd = -1;
    buf_init(&m->lines, DEAD_LETTER_LINE_MAX + WRITE_MAX);
    if ((rc = dead_letter_file_begin(b, &m->new, e)) == OK &&
        (rc = dead_letter_file_each_line(b, on_line, m, e)) == OK && (rc = flush(m, e)) == OK &&
        (rc = end_damaged(m, e)) == OK)
        rc = dead_letter_file_exchange(b, &m->new, e);
    dead_letter_file_drop(&m->new);
    if (m->damaged_fd >= 0)
        (void)close(m->damaged_fd);
    buf_free(&m->lines);
    return rc;
}

enum err_code dead_letter_file_settle(struct dead_letter_file *b, struct err *e)
{
    struct repair m = {0};
    struct stat st;
    if (fstat(b->fd, &st) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", b->path);
    m.size = (uint64_t)st.st_size;
    enum err_code rc = dead_letter_file_acknowledged(b, m.size, &m.acked, e);
    if (rc != OK || (m.acked == m.size && m.size > 0))
        return rc;
    return repair(b, &m, e);
}

enum err_code dead_settle(const struct spool *s, const char *table, enum dead_side side,
                          struct err *e)
{
    struct dead_letter_file file;
    enum err_code rc = dead_letter_file_open(&file, s, table, side, O_RDWR, e);
    if (rc == OK && file.fd >= 0)
        rc = dead_letter_file_settle(&file, e);
    return dead_letter_file_close(&file, rc, e);
}

static enum err_code count_damaged(void *ctx, const char *line, size_t n, struct err *e)
{
    uint64_t *damaged = ctx;
    (void)e;
    *damaged += !checksum_line_ok(line, n);
    return OK;
}

enum err_code dead_letters_repair(const struct spool *s, const char *table, enum dead_side side,
                                  bool dry_run, uint64_t *damaged, struct err *e)
{
    struct dead_letter_file file;
    struct repair m = {0};
    *damaged = 0;
    enum err_code rc = dead_letter_file_open(&file, s, table, side, O_RDWR, e);
    if (rc == OK && file.fd >= 0 &&
        (rc = dead_letter_file_each_line(&file, count_damaged, damaged, e)) == OK && *damaged > 0 &&
        !dry_run)
        rc = repair(&file, &m, e);
    return dead_letter_file_close(&file, rc, e);
}
