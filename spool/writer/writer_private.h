/*
 * The writer's inside, shared by its parts: writer.c takes pages, writer_repeat.c leaves out pages that repeat the last one,
 * writer_commit.c makes pages durable, seals and closes.
 */
#ifndef NETTY_SPOOL_WRITER_WRITER_PRIVATE_H
#define NETTY_SPOOL_WRITER_WRITER_PRIVATE_H

#include "spool/journal/acked.h"
#include "spool/journal/moved.h"
#include "spool/writer/commit.h"
#include "spool/writer/recovery.h"
#include "spool/writer/writer.h"
#include <xxhash.h>

struct seal_job {
    uv_work_t work;
    uint64_t below; /* asked for */
    uint64_t at;    /* being done; 0: nothing */
    enum err_code rc;
    struct err err;
};

struct writer {
    uv_loop_t *loop;
    struct spool_lock *lock;
    struct writer_conf conf;
    char dir[IO_PATH];
    char table[NAMES_TABLE_MAX + 1];

    struct open_segment *segment; /* the segment pages go to, or NULL: the next page makes one */
    uint64_t number;              /* the greatest segment number that is taken */
    struct page_place acked;      /* the last durable page */
    uint64_t acked_chain;         /* its chain */
    uint64_t chain;               /* of the last page that has ended */
    char position[PAGE_POSITION_MAX + 1];
    struct page_info last;           /* the last durable page, if its segment is continued */
    char own[PAGE_POSITION_MAX + 1]; /* the position in that page's line */

    bool open;       /* a page is */
    struct err lost; /* why the open page cannot be written any more; code OK: it can */
    uint64_t records;
    uint64_t size;    /* of the page so far */
    uint64_t flushed; /* bytes of it that are in the file */
    char *buffer;
    size_t buffered;
    XXH3_state_t *hash;

    struct pending_page *head; /* pages that have ended, and are in no commit yet */
    struct pending_page **tail;
    size_t uncalled;
    bool committing;
    bool calling;
    uv_work_t work;
    const char *account; /* that it works for, for the log of its thread; or NULL; borrowed */
    struct commit commit;
    int acked_fd;
    int moved_fd;
    struct seal_job seal;

    uv_work_t closing;
    bool leaving;
    writer_closed_fn *closed;
    void *closed_ctx;
};

/* writer.c */
enum err_code writer_check_open(const struct writer *w, struct err *e) MUST_CHECK;
enum err_code writer_check_position(const char *position, struct err *e) MUST_CHECK;
/* Writes the buffered bytes of the open page into the file. */
enum err_code writer_flush(struct writer *w, struct err *e) MUST_CHECK;
/* Drops the open page. Bytes of it that are in the file are overwritten by the next page. */
void writer_drop_page(struct writer *w);
/* Adds p to the next commit of the current segment; done will be called. */
void writer_enqueue(struct writer *w, struct pending_page *p, writer_done_fn *done, void *ctx);

/* writer_repeat.c: takes over the last page that recovery found, and the position that it has now. */
enum err_code writer_take_last(struct writer *w, const struct recovery *r,
                               struct err *e) MUST_CHECK;

/* writer_commit.c: frees the writer at once. */
void writer_free(struct writer *w);
/* Ends the writer if writer_close was called and nothing is under way any more. */
void writer_leave_when_done(struct writer *w);

/* Starts a commit of the pages that have ended. While a commit is under way nothing is started; the next one follows it. */
void commit_start(struct writer *w);
/* Seals the segments below that number, in a worker thread. */
void seal_start(struct writer *w, uint64_t below);

#endif
