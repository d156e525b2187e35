/*
 * Has the database asked what is loaded, for a program that does not link PostgreSQL's client:
 * `netty-load --loaded` asks, and writes the answer into the spool (loaded.h).
 */
#ifndef NETTY_SPOOL_MAINTENANCE_LOADED_QUERY_H
#define NETTY_SPOOL_MAINTENANCE_LOADED_QUERY_H

#include "shared/options/options.h"
#include "spool/store/spool.h"

/* Runs the netty-load that lies beside this program, else the one on PATH, and waits for it. Its log goes to this program's
 * standard error. ERR_CONFIG where no database is configured; otherwise the error that its exit code stands for. */
enum err_code loaded_query(const struct options *o, const struct spool *s,
                           struct err *e) MUST_CHECK;

#endif
