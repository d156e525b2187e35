/*
 * From where the extractor has to read a table again, because pages were lost: <table>/refetch.json,
 * left by `netty-spool heal` and read by the extractor when it opens the table.
 *
 * It holds a position: where the extractor stood before the first lost page. Going on from there is
 * what it does after any crash, so that nothing else has to be known of what was lost. Once the
 * first page that it fetches from there is durable, the table's own position leads on, and the file
 * goes; a crash in between only makes it begin there once more.
 */
#ifndef NETTY_SPOOL_CONTROL_REFETCH_H
#define NETTY_SPOOL_CONTROL_REFETCH_H

#include "spool/format/page.h"
#include "spool/store/spool.h"

#define REFETCH_FILE "refetch.json"

struct refetch {
    int64_t asked;                        /* when; tells one wish from another */
    int64_t low;                          /* the least time that was lost; WHEN_NONE: not known */
    char position[PAGE_POSITION_MAX + 1]; /* "": from the beginning, all of it */
};

/* *there is false where nothing is to be read again. A damaged file asks for everything. */
enum err_code refetch_read(const struct spool *s, const char *table, struct refetch *r, bool *there,
                           struct err *e) MUST_CHECK;
/* Whether reading on from there brings all that has a later time than the last record there. In a list by
 * key it does not: the times of what was lost do not tell what lies before. */
bool refetch_by_time(const char *position);
/* Joined with a wish that is still there: what begins earlier counts, all where that is not known.
 * For the holder of the folder's lock (small_file_lock). */
enum err_code refetch_ask(const struct spool *s, const char *table, const struct refetch *r,
                          struct err *e) MUST_CHECK;
/* It is being fetched from there; a wish that was asked since stays. */
enum err_code refetch_clear(const struct spool *s, const char *table, const struct refetch *r,
                            struct err *e) MUST_CHECK;

#endif
