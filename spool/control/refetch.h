/*
 * From where the extractor must read a table again, because pages were lost: <table>/refetch.json,
 * written by `netty-spool heal` and read by the extractor when it opens the table.
 *
 * The file has the extractor's position before the first lost page. The extractor goes on from there as
 * it does after any crash, so nothing else needs to be known of what was lost. Once the first page that
 * it fetches from there is durable, that page's position is the table's, and the file is removed. After
 * a crash in between the extractor begins there once more.
 */
#ifndef NETTY_SPOOL_CONTROL_REFETCH_H
#define NETTY_SPOOL_CONTROL_REFETCH_H

#include "spool/format/page.h"
#include "spool/store/spool.h"

#define REFETCH_FILE "refetch.json"
/* In a spool that is pulled from another machine the request is for that machine's extractor. It is kept in this file until
 * spool/back has brought it there; refetch.json is the pushed spool's own, as it was pulled. */
#define REFETCH_WISH "wish.json"

struct refetch {
    int64_t asked; /* when it was asked for; tells one request from another */
    int64_t low;   /* the least time that was lost; WHEN_NONE: not known */
    char position[PAGE_POSITION_MAX + 1]; /* "": everything, from the beginning */
};

/* *there is false where nothing needs to be read again. A damaged file asks for everything. */
enum err_code refetch_read(const struct spool *s, const char *table, struct refetch *r, bool *there,
                           struct err *e) MUST_CHECK;
/* Is the position one in a list by time, so that reading on from there brings every record with a later time? In a list by key
 * it is not: there the times of lost records say nothing of where the records are. */
bool refetch_by_time(const char *position);
/* The request of a pulled spool (REFETCH_WISH). */
enum err_code refetch_read_wish(const struct spool *s, const char *table, struct refetch *r,
                                bool *there, struct err *e) MUST_CHECK;
/* Asks for it. If a request is still there, the one that begins earlier counts; where that is not known, everything is asked for.
 * The caller holds the folder's lock (small_file_lock). */
enum err_code refetch_ask(const struct spool *s, const char *table, const struct refetch *r,
                          struct err *e) MUST_CHECK;
/* For a pulled spool that this machine's extractor goes on with: makes the wish its request, too (refetch.json), as refetch_ask would. The
 * wish stays until refetch_drop_wish, so that a later pull, which may replace refetch.json, loses nothing. */
enum err_code refetch_take_wish(const struct spool *s, const char *table, struct err *e) MUST_CHECK;
enum err_code refetch_drop_wish(const struct spool *s, const char *table, struct err *e) MUST_CHECK;
/* Removes the request r, which is being fetched. A request that was made since stays. */
enum err_code refetch_clear(const struct spool *s, const char *table, const struct refetch *r,
                            struct err *e) MUST_CHECK;

#endif
