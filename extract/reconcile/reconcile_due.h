/*
 * For --reconcile-every: which step of a table's reconcile is due now (inventory_crawl.h), what the next step waits for, and
 * until when. Each run logs this.
 *
 *     reconcile_due(&due, spool, "contacts", every, e);
 *     reconcile_due_tell(&due, "contacts");
 *     if (reconcile_is_due(&due)) ... a run with env.reconcile takes it
 *
 * A new crawl begins `every` microseconds after the last one began, once everything that followed from the last one is done.
 * The loader takes its own steps in each of its runs; nothing here waits for them.
 */
#ifndef NETTY_EXTRACT_RECONCILE_RECONCILE_DUE_H
#define NETTY_EXTRACT_RECONCILE_RECONCILE_DUE_H

#include "spool/store/spool.h"
#include <stdint.h>

enum reconcile_step {
    RECONCILE_BEGIN,  /* begin a new crawl of all keys */
    RECONCILE_CRAWL,  /* go on with the crawl that is under way */
    RECONCILE_LOOK,   /* take the second look, at single keys */
    RECONCILE_LOADER, /* the loader's turn */
    RECONCILE_PERSON, /* more are gone than --max-deletes allows: a person decides */
    RECONCILE_REST    /* nothing to do until `at` */
};

struct reconcile_due {
    enum reconcile_step step;
    uint64_t count; /* keys to be looked at */
    int64_t
        at; /* RECONCILE_REST: when the next crawl begins; RECONCILE_LOADER: all fetched by then must be loaded */
};

/* Fills d. A damaged roll counts as none: a new crawl is due. */
enum err_code reconcile_due(struct reconcile_due *d, const struct spool *s, const char *table,
                            int64_t every, struct err *e) MUST_CHECK;
bool reconcile_is_due(const struct reconcile_due *d);
void reconcile_due_tell(const struct reconcile_due *d, const char *table);

#endif
