/*
 * What the loader's runs leave behind for those who watch: the history in the spool (spool/runs.h).
 *
 *     account_open(&a, loop, &conf, e);
 *     account_loaded(a, "contacts", counts, err);   // each time a load of the table ends; counts
 *                                                   // of all its loads so far
 *     account_done(a);                              // the run has ended: its tables begin anew
 *     account_close(a);                             // the memory goes with the loop's handles
 *
 * With --follow a table is loaded every few seconds. One line of history then stands for all of a
 * table's loads within ACCOUNT_SPAN, the first at once, so that a day fits whatever happens.
 *
 * Nothing here fails a run: what cannot be written is logged.
 */
#ifndef NETTY_LOAD_ACCOUNT_H
#define NETTY_LOAD_ACCOUNT_H

#include "load/table.h"

#define ACCOUNT_SPAN (INT64_C(300) * 1000000)

struct account;
struct account_conf {
    const struct spool *spool; /* borrowed; account_spool */
    const char *kind;          /* of its runs: "load", "replay", "redrive" */
    bool follow;
};

enum err_code account_open(struct account **a, uv_loop_t *loop, const struct account_conf *conf,
                           struct err *e) MUST_CHECK;
/* a may be NULL, here and below: then nobody watches. */
void account_loaded(struct account *a, const char *table, const struct table_counts *counts,
                    const struct err *err);
void account_done(struct account *a);
/* Another spool from now on, or none (NULL): the one before is about to be closed. */
void account_spool(struct account *a, const struct spool *s);
void account_close(struct account *a);

#endif
