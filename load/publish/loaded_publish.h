/*
 * What is committed, read back from the database and left in the spool (spool/control/loaded.h); and, with
 * conf.prune, what may go then goes (spool/maintenance/prune.h). For the end of a run, and now and then under
 * --follow.
 *
 *     loaded_publish_open(&m, loop, db, &conf, e);
 *     loaded_publish_run(m, done, ctx);        // done(ctx, err) once, from the loop; err NULL: all is done
 *     loaded_publish_rows(m, &n);              // what the database said
 *     loaded_publish_free(m);                  // in done or after it
 *
 * One transaction: identity, progress, and with conf.store what makes it durable. Connects where db is not connected. The spool's part is done in a worker thread.
 */
#ifndef NETTY_LOAD_PUBLISH_LOADED_PUBLISH_H
#define NETTY_LOAD_PUBLISH_LOADED_PUBLISH_H

#include "load/database/db.h"
#include "load/target/loaded_rows.h"
#include "spool/maintenance/prune.h"

struct loaded_publish_conf {
    const struct spool *spool;
    bool store;  /* write it down; false: only ask */
    bool enlist; /* also where the spool does not know this database yet */
    bool beside; /* tables are being loaded: their transactions are not waited for */
    /* What the database said before anything was asked of it that it might have changed by; NULL: it is asked. Where that is what the spool
     * was told the last time nothing is asked, for it was on the server's disk then. */
    const struct tables_look *look;
    bool prune; /* keep and max as given; now is filled in */
    struct prune_conf limits;
};

struct loaded_publish;
typedef void loaded_publish_done_fn(void *ctx, const struct err *err);

enum err_code loaded_publish_open(struct loaded_publish **m, uv_loop_t *loop, struct db *db,
                                  const struct loaded_publish_conf *conf, struct err *e) MUST_CHECK;
void loaded_publish_run(struct loaded_publish *m, loaded_publish_done_fn *done, void *ctx);
const struct loaded_row *loaded_publish_rows(const struct loaded_publish *m, size_t *n);
/* beside: each row was being loaded, so that nothing was told. */
bool loaded_publish_missed(const struct loaded_publish *m);
const char *loaded_publish_database(const struct loaded_publish *m); /* its name */
/* Asks the database no longer: done is called, from within, with ERR_INTERRUPTED. What is being done to the spool comes to
 * its own end: then this does nothing. */
void loaded_publish_stop(struct loaded_publish *m);
void loaded_publish_free(struct loaded_publish *m);

#endif
