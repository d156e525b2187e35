/* Replaces the file by one without some of the dead letters, or without their texts. */
#include "shared/time/when.h"
#include "spool/dead_letters/dead_letter_file.h"
#include "spool/dead_letters/dead_letter_line.h"
#include "spool/dead_letters/dead_letters.h"
#include <fcntl.h>
#include <string.h>

#define WRITE_MAX ((size_t)1 << 20)

struct filter {
    dead_keep_fn *keep;
    void *ctx;
    struct dead_letter_line_memory memory;
    struct dead_letter_file new;
    struct buf lines;
    enum dead_state state; /* DEAD_LISTED: they are removed */
    uint64_t dropped;
};

static enum err_code flush(struct filter *f, struct err *e)
{
    enum err_code rc = io_write(f->new.fd, f->lines.data, f->lines.len, f->new.path, e);
    buf_reset(&f->lines);
    return rc;
}

/* Writes a dead letter that is no longer listed: without the record's text and without the message. */
static enum err_code put_unlisted(struct filter *f, const struct dead_letter *letter, struct err *e)
{
    struct dead_letter left = *letter;
    left.state = f->state;
    left.state_at = when_now();
    left.hash = letter->raw_len > 0 ? dead_letter_hash(letter->raw, letter->raw_len) : 0;
    left.message = "";
    enum err_code rc = dead_letter_line_add(&f->lines, &left);
    return rc == OK ? OK : buf_err(e, rc, &f->lines, "a dead letter");
}

static enum err_code filter_line(void *ctx, const char *line, size_t n, struct err *e)
{
    struct filter *f = ctx;
    struct dead_letter letter;
    enum err_code rc = OK;
    dead_letter_line_read(&f->memory, line, n, &letter);
    bool stays = letter.state != DEAD_LISTED ||
                 (f->state != DEAD_LISTED && strcmp(letter.reason, "damaged") == 0);
    if (!stays && !f->keep(f->ctx, &letter)) {
        f->dropped++;
        rc = f->state != DEAD_LISTED ? put_unlisted(f, &letter, e) : OK;
    } else if ((rc = buf_add(&f->lines, line, n)) != OK || (rc = buf_addc(&f->lines, '\n')) != OK) {
        return buf_err(e, rc, &f->lines, "a dead letter");
    }
    return rc == OK && f->lines.len >= WRITE_MAX ? flush(f, e) : rc;
}

static enum err_code rewrite(struct filter *f, const struct spool *s, const char *table,
                             enum dead_side side, struct err *e)
{
    struct dead_letter_file file;
    f->new.fd = -1;
    enum err_code rc = dead_letter_file_open(&file, s, table, side, O_RDWR, e);
    if (rc != OK || file.fd < 0)
        return dead_letter_file_close(&file, rc, e);
    dead_letter_line_memory_init(&f->memory);
    buf_init(&f->lines, DEAD_LETTER_LINE_MAX + WRITE_MAX);
    if ((rc = dead_letter_file_begin(&file, &f->new, e)) == OK &&
        (rc = dead_letter_file_each_line(&file, filter_line, f, e)) == OK &&
        (rc = flush(f, e)) == OK && f->dropped > 0)
        rc = dead_letter_file_exchange(&file, &f->new, e);
    dead_letter_file_drop(&f->new);
    buf_free(&f->lines);
    dead_letter_line_memory_free(&f->memory);
    return dead_letter_file_close(&file, rc, e);
}

enum err_code dead_filter(const struct spool *s, const char *table, enum dead_side side,
                          dead_keep_fn *keep, void *ctx, struct err *e)
{
    struct filter f = {.keep = keep, .ctx = ctx};
    return rewrite(&f, s, table, side, e);
}

enum err_code dead_unlist(const struct spool *s, const char *table, enum dead_side side,
                          enum dead_state state, dead_keep_fn *keep, void *ctx, struct err *e)
{
    struct filter f = {.keep = keep, .ctx = ctx, .state = state};
    return rewrite(&f, s, table, side, e);
}
