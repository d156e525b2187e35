/*
 * The database's part of a reconcile (spool/inventory/inventory.h): which records the source no longer has.
 *
 * When a run of the extractor's crawl has ended, and the database has loaded what was fetched after
 * that, the records that the roll lacks are left in the spool (spool/inventory/missing_records.h). The extractor takes
 * a second look at them; those that it did not find either, and those that a second roll lacks too,
 * are marked: `deleted: true` and `deleted_detected_at` in data. Marks of records that a later roll
 * shows are taken back.
 *
 * Never marked is a record
 *  - that was found missing once only, or has been modified since (by its key and time_modified,
 *    looked at again under the row's lock);
 *  - that shows a time which the crawl has not proven to have read completely by then, or one since
 *    the roll began;
 *  - while the database lacks pages fetched until after the second look;
 *  - where there are more of them than max_deletes percent of the table's rows, rounded up, in one
 *    roll: then none of them.
 *
 * Marks and how far the looks have been acted on (netty_sync.reconcile) commit in one transaction.
 * All of it may be killed anywhere, done again, and done by two loaders at once.
 */
#ifndef NETTY_LOAD_RECONCILE_RECONCILE_H
#define NETTY_LOAD_RECONCILE_RECONCILE_H

#include "shared/base/backoff.h"
#include "shared/base/err.h"
#include "shared/base/table_names.h"
#include "spool/store/spool.h"
#include <stdatomic.h>
#include <uv.h>

struct reconcile_conf {
    const struct spool *spool;
    const char *conninfo; /* NULL: libpq's environment */
    const char *schema;   /* where the tables are; NULL: what search_path shows */
    const char *
        database; /* its identity, by which the spool tells whether there is anything to do; or "", NULL: it is asked. Copied */
    struct backoff backoff;
    unsigned max_deletes; /* percent */
    bool dry_run;         /* tell, write nothing */
};

/* What became of one table. */
struct reconcile_row {
    char table[NAMES_TABLE_MAX + 1];
    bool rolled;      /* the table has a roll at all */
    uint64_t deleted; /* as deleted in this run; with dry_run: would be */
    uint64_t revived; /* marks taken back */
    uint64_t held;    /* not marked because of max_deletes; */
    bool held_known;  /* ... so many, of this roll, have been told before */
    uint64_t missing; /* waiting for a second look */
    struct err err;
};

struct reconcile;
typedef void reconcile_done_fn(void *ctx, const struct reconcile_row *rows, size_t n);

/* Begins the work on these tables in a thread of its own, over a connection of its own, where there
 * is any; done is called once, from the loop, after which r is gone. */
enum err_code reconcile_start(struct reconcile **r, uv_loop_t *loop,
                              const struct reconcile_conf *conf, const char *const *tables,
                              size_t n, reconcile_done_fn *done, void *ctx,
                              struct err *e) MUST_CHECK;
/* End soon; done is called all the same. */
void reconcile_stop(struct reconcile *r);

#endif
