/*
 * The durable step: the records are synced; the journal lines that make them visible are written, and synced; then acked.json
 * says so (acked.h). Where the last page was only met again, moved.json is written instead (moved.h), and nothing is synced.
 * The step runs in a worker thread, on a struct commit, and touches nothing else of the writer.
 */
#ifndef NETTY_SPOOL_WRITER_COMMIT_H
#define NETTY_SPOOL_WRITER_COMMIT_H

#include "spool/journal/journal.h"

/* A segment that is being written. Freed by its last holder (open_segment_release). */
struct open_segment {
    const char *dir; /* the writer's */
    uint64_t number;
    int data_fd;
    int journal_fd; /* -1 until there is a journal */
    bool journaled; /* its journal exists, so a reader may have seen the segment */
    bool reopened;  /* an earlier process began it */
    bool failed;    /* given up */
    unsigned holders;
    uint64_t bytes; /* of records in the file */
    uint64_t lines;
    uint64_t pages;
    uint64_t durable; /* pages that are durable */
    uint64_t journal; /* bytes of the journal */
    int64_t since;    /* when its first page was fetched, or WHEN_NONE */
};
/* A page that has ended and whose callback was not called yet. Dozens may wait while the disk is slow, so each takes one
 * allocation of just the size it needs. */
struct pending_page {
    struct pending_page *next;
    struct open_segment *segment;
    struct page_info info;
    writer_done_fn *done;
    void *ctx;
    bool moves; /* the last page was met again: line has the position's changes (moved.h) */
    const char *position; /* within line; not terminated */
    size_t position_len;
    size_t len;  /* of its journal line, or of the changes */
    char line[]; /* not terminated */
};
/* Pages of one segment that become durable together. Either all of them `move`, or none does. */
struct commit {
    struct open_segment *segment;
    struct pending_page *first;   /* ends with NULL */
    struct journal_header header; /* for a segment that has no journal yet */
    const char *position;         /* for the header */
    int *acked_fd;                /* the writer's own; only one commit runs at a time */
    int *moved_fd;
    enum err_code rc;
    struct err err;
};

/* Starts a segment whose records nobody sees before its first commit. */
enum err_code open_segment_create(struct open_segment **out, const char *dir, uint64_t number,
                                  struct err *e) MUST_CHECK;
/* Continues a segment that is there. The caller sets bytes, lines, pages, durable, journal and since. */
enum err_code open_segment_reopen(struct open_segment **out, const char *dir, uint64_t number,
                                  struct err *e) MUST_CHECK;
void open_segment_hold(struct open_segment *segment);
/* Is the segment's journal there? */
bool open_segment_is_named(const struct open_segment *segment);
/* The last holder closes the files. A segment that was given up before it had a journal is removed. */
void open_segment_release(struct open_segment *segment);

/* Takes the step, and sets c->rc and c->err. */
void commit_run(struct commit *c);

#endif
