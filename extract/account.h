/*
 * What the extractor's runs leave behind for those who watch: the history in the spool
 * (spool/runs.h).
 *
 *     account_open(&a, &conf, e);
 *     account_ended(a, "contacts", &result);   // each table, when it is closed
 *     account_close(a);
 *
 * Nothing here fails a run: what cannot be written is logged.
 */
#ifndef NETTY_EXTRACT_ACCOUNT_H
#define NETTY_EXTRACT_ACCOUNT_H

#include "extract/table.h"

struct account;
struct account_conf {
    const struct spool *spool; /* borrowed */
    const char *kind;          /* of its runs: "changes", "full" ... */
};

enum err_code account_open(struct account **a, const struct account_conf *conf,
                           struct err *e) MUST_CHECK;
void account_close(struct account *a);

/* A may be NULL, here and below: then nobody watches. */
void account_ended(struct account *a, const char *table, const struct table_result *result);

#endif
