#include "spool/writer/commit.h"

#include "shared/files/fault_point.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/journal/acked.h"
#include "spool/journal/moved.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Lines are written in pieces of this size, so that many lines that have waited for a slow disk need no further memory. */
#define WRITE_SIZE ((size_t)32 << 10)

static struct open_segment *open_segment_new(const char *dir, uint64_t number)
{
    struct open_segment *segment = calloc(1, sizeof *segment);
    if (segment)
        *segment = (struct open_segment){.dir = dir,
                                         .number = number,
                                         .data_fd = -1,
                                         .journal_fd = -1,
                                         .holders = 1,
                                         .since = WHEN_NONE};
    return segment;
}

enum err_code open_segment_create(struct open_segment **out, const char *dir, uint64_t number,
                                  struct err *e)
{
    enum err_code rc;
    if (!(*out = open_segment_new(dir, number)))
        return err_set(e, ERR_NOMEM, "out of memory");
    rc = segment_open(&(*out)->data_fd, dir, number, SEGMENT_NEW, O_RDWR | O_CREAT | O_TRUNC, e);
    if (rc != OK) {
        open_segment_release(*out);
        *out = NULL;
    }
    return rc;
}

enum err_code open_segment_reopen(struct open_segment **out, const char *dir, uint64_t number,
                                  struct err *e)
{
    enum err_code rc;
    if (!(*out = open_segment_new(dir, number)))
        return err_set(e, ERR_NOMEM, "out of memory");
    (*out)->reopened = (*out)->journaled = true;
    if ((rc = segment_open(&(*out)->data_fd, dir, number, SEGMENT_DATA, O_RDWR | O_CREAT, e)) !=
            OK ||
        (rc = segment_open(&(*out)->journal_fd, dir, number, SEGMENT_JOURNAL, O_WRONLY | O_APPEND,
                           e)) != OK) {
        open_segment_release(*out);
        *out = NULL;
    }
    return rc;
}

void open_segment_hold(struct open_segment *segment)
{
    segment->holders++;
}

static void complain(enum err_code rc, const struct err *e)
{
    if (rc != OK)
        LOG(LOG_WARN, "segment", "cannot tidy up after a segment", F_ERR(e));
}

bool open_segment_is_named(const struct open_segment *segment)
{
    char path[IO_PATH];
    return segment_path(path, segment->dir, segment->number, SEGMENT_JOURNAL, NULL) != OK ||
           access(path, F_OK) == 0;
}

void open_segment_release(struct open_segment *segment)
{
    struct err e = ERR_INIT;
    if (!segment || --segment->holders > 0)
        return;
    /* Everything that counts has been synced, so a close that fails loses nothing. */
    complain(segment_close(&segment->data_fd, segment->dir, segment->number, SEGMENT_DATA, &e), &e);
    complain(
        segment_close(&segment->journal_fd, segment->dir, segment->number, SEGMENT_JOURNAL, &e),
        &e);
    /* With a journal the number is taken, because a reader may have seen it. */
    if (!open_segment_is_named(segment))
        complain(segment_remove(segment->dir, segment->number, SEGMENT_NEW, &e), &e);
    free(segment);
}

/* Makes the journal before the records get their name, so that where there are records there is a journal. */
static enum err_code make_journal(struct commit *c)
{
    struct open_segment *segment = c->segment;
    char name[SEGMENT_NAME_MAX];
    struct buf line;
    enum err_code rc;
    buf_init(&line, JOURNAL_LINE_MAX);
    if ((rc = journal_add_header(&line, &c->header, c->position)) != OK) {
        (void)buf_err(&c->err, rc, &line, "a journal's header");
        goto done;
    }
    if ((rc = io_replace(segment->dir, segment_name(name, segment->number, SEGMENT_JOURNAL),
                         line.data, line.len, &c->err)) != OK)
        goto done;
    FAULT("journal-created");
    if ((rc = segment_rename(segment->dir, segment->number, SEGMENT_NEW, SEGMENT_DATA, &c->err)) !=
            OK ||
        (rc = io_sync_dir(segment->dir, &c->err)) != OK)
        goto done;
    FAULT("segment-created");
    rc = segment_open(&segment->journal_fd, segment->dir, segment->number, SEGMENT_JOURNAL,
                      O_WRONLY | O_APPEND, &c->err);
done:
    buf_free(&line);
    return rc;
}

static enum err_code write_lines(struct commit *c, const char *path)
{
    struct buf lines;
    enum err_code rc = OK;
    buf_init(&lines, WRITE_SIZE > JOURNAL_LINE_MAX ? WRITE_SIZE : JOURNAL_LINE_MAX);
    for (const struct pending_page *p = c->first; p && rc == OK; p = p->next) {
        if ((rc = buf_add(&lines, p->line, p->len)) != OK) {
            (void)buf_err(&c->err, rc, &lines, "a journal's lines");
        } else if (!p->next || lines.len + p->next->len > WRITE_SIZE) {
            rc = io_write(c->segment->journal_fd, lines.data, lines.len, path, &c->err);
            buf_reset(&lines);
        }
    }
    buf_free(&lines);
    return rc;
}

/* acked.json must be there before the first line, so that it says that the line is not acknowledged yet. */
static enum err_code before_first_line(struct commit *c)
{
    struct acked a = {.place = c->header.previous, .open = true};
    return *c->acked_fd >= 0 ? OK : acked_write(c->acked_fd, c->segment->dir, &a, &c->err);
}

/* Writes acked.json. The pages are durable even if that fails; readers then find out later. */
static void acknowledge(struct commit *c)
{
    struct err e = ERR_INIT;
    const struct pending_page *last = c->first;
    while (last->next)
        last = last->next;
    struct acked a = {.place = last->info.place, .open = true};
    if (acked_write(c->acked_fd, c->segment->dir, &a, &e) != OK)
        LOG(LOG_WARN, "spool", "cannot note which page is durable; the next run looks again",
            F_ERR(&e));
}

/* Writes moved.json. Of several pages the last one's position counts. */
static enum err_code move(struct commit *c)
{
    const struct pending_page *last = c->first;
    while (last->next)
        last = last->next;
    return moved_write(c->moved_fd, c->segment->dir, &last->info, last->line, last->len, &c->err);
}

void commit_run(struct commit *c)
{
    struct open_segment *segment = c->segment;
    char path[IO_PATH];
    struct err *e = &c->err;
    if (c->first->moves) {
        c->rc = move(c);
        return;
    }
    if ((c->rc = segment_path(path, segment->dir, segment->number, SEGMENT_JOURNAL, e)) != OK ||
        (c->rc = segment_sync(segment->data_fd, segment->dir, segment->number, SEGMENT_DATA, e)) !=
            OK)
        return;
    FAULT("page-synced");
    if (segment->journal_fd < 0 && (c->rc = make_journal(c)) != OK)
        return;
    if ((c->rc = before_first_line(c)) != OK || (c->rc = write_lines(c, path)) != OK)
        return;
    FAULT("journal-written");
    c->rc = segment_sync(segment->journal_fd, segment->dir, segment->number, SEGMENT_JOURNAL, e);
    FAULT("journal-synced");
    if (c->rc == OK)
        acknowledge(c);
}
