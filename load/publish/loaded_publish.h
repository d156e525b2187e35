/*
 * Reads back from the database what is committed, and writes it into the spool (spool/control/loaded.h). With conf.prune it then removes
 * what may be removed (spool/maintenance/prune.h). Called at the end of a run, and now and then with --follow.
 *
 *     loaded_publish_open(&m, loop, db, &conf, e);
 *     loaded_publish_run(m, done, ctx);        // done(ctx, err) once, from the loop; err NULL: all is done
 *     loaded_publish_rows(m, &n);              // what the database said
 *     loaded_publish_free(m);                  // in done or after it
 *
 * All is asked in one transaction: identity, progress, and with conf.store what makes the progress durable. Connects if db is not connected.
 * The spool's part is done in a worker thread.
 */
#ifndef NETTY_LOAD_PUBLISH_LOADED_PUBLISH_H
#define NETTY_LOAD_PUBLISH_LOADED_PUBLISH_H

#include "load/database/db.h"
#include "load/target/loaded_rows.h"
#include "spool/maintenance/prune.h"

struct loaded_publish_conf {
    const struct spool *spool;
    bool store;  /* write it into the spool; false: only ask the database */
    bool enlist; /* write it even if the spool does not know this database yet */
    bool beside; /* tables are being loaded meanwhile: their transactions are not waited for */
    /* A look that was made before this run sent anything that changes the database; NULL: the database is asked. If the look shows what the
     * spool was told the last time, nothing is asked, since that was on the server's disk then. */
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
/* With conf.beside: returns true if every table was being loaded, so that nothing could be written. */
bool loaded_publish_missed(const struct loaded_publish *m);
const char *loaded_publish_database(const struct loaded_publish *m); /* its name */
/* Gives up waiting for the database: done is called from within, with ERR_INTERRUPTED. Once the spool's part has begun, this does nothing,
 * and that part comes to its end. */
void loaded_publish_stop(struct loaded_publish *m);
void loaded_publish_free(struct loaded_publish *m);

#endif
