/*
 * The durable step: records synced, then the journal lines that make them visible, then those
 * synced, then the word that they are (acked.h); or, where the last page was met again, the word of that (moved.h), and nothing is synced. Runs in a worker thread on what the writer hands it, and touches nothing of the writer's.
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
    bool journaled; /* its journal exists: a reader may have seen it */
    bool reopened;  /* from an earlier process */
    bool failed;    /* given up */
    unsigned holders;
    uint64_t bytes; /* of records in the file */
    uint64_t lines;
    uint64_t pages;
    uint64_t durable; /* pages */
    uint64_t journal; /* bytes */
    int64_t since;    /* when its first page was fetched, or WHEN_NONE */
};
/* A page that ended and was not called back yet. Dozens of them wait while the disk is slow: one
 * allocation each, of just what is needed. */
struct pending_page {
    struct pending_page *next;
    struct open_segment *segment;
    struct page_info info;
    writer_done_fn *done;
    void *ctx;
    bool moves;           /* the last page again: line is what its position has become (moved.h) */
    const char *position; /* within line; not terminated */
    size_t position_len;
    size_t len;  /* of its journal line, or of the changes */
    char line[]; /* not terminated */
};
/* Pages of one segment that become durable together; or all of them move. */
struct commit {
    struct open_segment *segment;
    struct pending_page *first;   /* ends with NULL */
    struct journal_header header; /* for a segment that has no journal yet */
    const char *position;         /* that goes with it */
    int *acked_fd;                /* the writer's; only one commit runs at a time */
    int *moved_fd;
    enum err_code rc;
    struct err err;
};

/* Starts a segment whose records nobody sees before its first commit. */
enum err_code open_segment_create(struct open_segment **out, const char *dir, uint64_t number,
                                  struct err *e) MUST_CHECK;
/* Goes on with one that is there; the numbers are the caller's to fill. */
enum err_code open_segment_reopen(struct open_segment **out, const char *dir, uint64_t number,
                                  struct err *e) MUST_CHECK;
void open_segment_hold(struct open_segment *segment);
/* Its journal is there. */
bool open_segment_is_named(const struct open_segment *segment);
/* The last holder closes. Of a segment given up before its journal was there nothing stays. */
void open_segment_release(struct open_segment *segment);

/* Fills rc and err. */
void commit_run(struct commit *c);

#endif
