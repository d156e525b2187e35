/*
 * What is committed, read back from the database and left in the spool (spool/store/loaded.h); and, with
 * conf.prune, what may go then goes (spool/maintenance/prune.h). For the end of a run, and now and then under
 * --follow.
 *
 *     mark_open(&m, loop, db, &conf, e);
 *     mark_run(m, done, ctx);        // done(ctx, err) once, from the loop; err NULL: all is done
 *     mark_rows(m, &n);              // what the database said
 *     mark_free(m);                  // in done or after it
 *
 * Connects where db is not connected. The spool's part is done in a worker thread.
 */
#ifndef NETTY_LOAD_PUBLISH_LOADED_PUBLISH_H
#define NETTY_LOAD_PUBLISH_LOADED_PUBLISH_H

#include "load/database/db.h"
#include "shared/base/table_names.h"
#include "spool/maintenance/prune.h"

struct mark_conf {
    const struct spool *spool;
    bool store; /* write it down; false: only ask */
    bool prune; /* keep and max as given; now is filled in */
    struct prune_conf limits;
};
struct mark_row {
    char table[NAMES_TABLE_MAX + 1];
    struct page_place place;
};

struct mark;
typedef void mark_done_fn(void *ctx, const struct err *err);

enum err_code mark_open(struct mark **m, uv_loop_t *loop, struct db *db,
                        const struct mark_conf *conf, struct err *e) MUST_CHECK;
void mark_run(struct mark *m, mark_done_fn *done, void *ctx);
const struct mark_row *mark_rows(const struct mark *m, size_t *n);
const char *mark_database(const struct mark *m); /* its name */
/* Asks the database no longer: done is called, from within, with ERR_INTERRUPTED. What is being done to the spool comes to
 * its own end: then this does nothing. */
void mark_stop(struct mark *m);
void mark_free(struct mark *m);

#endif
