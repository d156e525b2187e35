/*
 * The database's part of a reconcile: finding the rows whose record the source no longer has, by the extractor's roll of keys
 * (spool/inventory/inventory.h).
 *
 * When the crawl of the roll has ended, and the database has loaded all that was fetched until after that, the keys that the roll lacks are
 * written into the spool (spool/inventory/missing_records.h). The extractor takes a second look at them. The records that it does not find either,
 * and those that a second roll lacks too, are marked: `deleted: true` and `deleted_detected_at` in data. If a later roll shows a marked
 * record, the mark is removed.
 *
 * A record is never marked
 *  - if it was found missing only once, or was modified since (its key and time_modified are looked at again under the row's lock);
 *  - if its time is one up to which the crawl had not proven to be complete, or one since the roll began;
 *  - while the database lacks pages that were fetched until after the second look;
 *  - if more than max_deletes percent of the table's rows, rounded up, would be marked for one roll: then none of them is.
 *
 * The marks, and how far the looks have been acted on (netty_sync.reconcile), commit in one transaction. All of it may be killed anywhere, done
 * again, and done by two loaders at once.
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
        database; /* its identity, by which the spool tells whether there is anything to do; "" or NULL: the database is asked. Copied */
    struct backoff backoff;
    unsigned max_deletes; /* percent */
    bool dry_run;         /* report what would be done, and write nothing */
};

/* What became of one table. */
struct reconcile_row {
    char table[NAMES_TABLE_MAX + 1];
    bool rolled;      /* the table has a roll at all */
    uint64_t deleted; /* rows marked as deleted in this run; with dry_run: that would be */
    uint64_t revived; /* marks removed */
    uint64_t held;    /* rows not marked because of max_deletes */
    bool held_known;  /* the same number, for this roll, was reported before */
    uint64_t missing; /* waiting for a second look */
    struct err err;
};

struct reconcile;
typedef void reconcile_done_fn(void *ctx, const struct reconcile_row *rows, size_t n);

/* Begins the work on these tables, if there is any, in a thread of its own, over a connection of its own. done is called once, from the loop;
 * after that r is gone. */
enum err_code reconcile_start(struct reconcile **r, uv_loop_t *loop,
                              const struct reconcile_conf *conf, const char *const *tables,
                              size_t n, reconcile_done_fn *done, void *ctx,
                              struct err *e) MUST_CHECK;
/* Lets it end soon; done is called all the same. */
void reconcile_stop(struct reconcile *r);

#endif
