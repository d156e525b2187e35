/*
 * Logs who holds the lock that a statement waits for, as the event `lock`.
 *
 *     lock_holder_log(LOG_WARN, "the table waits ...", table, NULL, r);   // r: a row of sql_lock_holder or sql_view_holder
 */
#ifndef NETTY_LOAD_DATABASE_LOCK_HOLDER_H
#define NETTY_LOAD_DATABASE_LOCK_HOLDER_H

#include "shared/log/log.h"
#include <libpq-fe.h>

/* schema may be NULL; it is not named then. */
void lock_holder_log(enum log_level level, const char *msg, const char *table, const char *schema,
                     const PGresult *r);

#endif
