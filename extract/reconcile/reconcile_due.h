/*
 * --reconcile-every: which step of a table's reconcile is to be taken now (inventory_crawl.h), told in each run together
 * with what the next one waits for, and until when.
 *
 *     reconcile_due(&due, spool, "contacts", every, e);
 *     reconcile_due_tell(&due, "contacts");
 *     if (reconcile_is_due(&due)) ... a run with env.reconcile takes it
 *
 * A new crawl begins `every` after the last one began, once all of that has been acted on. The loader's steps are taken by
 * each of its runs, and are not waited for here.
 */
#ifndef NETTY_EXTRACT_RECONCILE_RECONCILE_DUE_H
#define NETTY_EXTRACT_RECONCILE_RECONCILE_DUE_H

#include "spool/store/spool.h"
#include <stdint.h>

enum reconcile_step {
    RECONCILE_BEGIN, /* a new crawl of all keys */
    RECONCILE_CRAWL, /* the one under way goes on */
    RECONCILE_LOOK,  /* the second look, at single keys */
    RECONCILE_LOADER,
    RECONCILE_PERSON, /* more are gone than --max-deletes allows */
    RECONCILE_REST
};

struct reconcile_due {
    enum reconcile_step step;
    uint64_t count; /* keys to be looked at */
    int64_t
        at; /* RECONCILE_REST: when the next crawl begins; RECONCILE_LOADER: what was fetched by then has to be loaded */
};

/* A damaged roll is begun anew. */
enum err_code reconcile_due(struct reconcile_due *d, const struct spool *s, const char *table,
                            int64_t every, struct err *e) MUST_CHECK;
bool reconcile_is_due(const struct reconcile_due *d);
void reconcile_due_tell(const struct reconcile_due *d, const char *table);

#endif
