/*
 * Asking the database what is loaded, for a program that does not know the database: netty-load
 * --loaded does, and leaves the answer in the spool (loaded.h).
 */
#ifndef NETTY_SPOOL_MAINTENANCE_LOADED_QUERY_H
#define NETTY_SPOOL_MAINTENANCE_LOADED_QUERY_H

#include "shared/options/options.h"
#include "spool/store/spool.h"

/* Runs the netty-load that lies beside this program, else the one on PATH, and waits for it. Its
 * log goes where ours goes. ERR_CONFIG where no database is configured; else what its exit code
 * says. */
enum err_code loaded_query(const struct options *o, const struct spool *s,
                           struct err *e) MUST_CHECK;

#endif
