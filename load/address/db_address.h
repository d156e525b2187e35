/*
 * A database's address that stands in a file (DATABASE_URL_FILE). The file is read anew for each new connection, so that a
 * changed password needs no restart.
 *
 *     db_address_file(file, origin);    // once, before the first connection; NULL: the address is in no file
 *     db_address_renew(&conninfo);      // before each connection
 *     db_address_tried(&err);           // after each connection
 *     if (db_address_refused()) ...     // a person is needed (shared/log/secret_trial.h): end with 77
 *
 * One process has one database, so that all its connections share what is known of the password.
 */
#ifndef NETTY_LOAD_ADDRESS_DB_ADDRESS_H
#define NETTY_LOAD_ADDRESS_DB_ADDRESS_H

#include "shared/base/err.h"
#include <stdint.h>

/* Both texts are borrowed. */
void db_address_file(const char *file, const char *origin);
/* Replaces *conninfo, which is on the heap, by the file's address. An address that cannot be used is logged, and *conninfo
 * stays. */
void db_address_renew(char **conninfo);
/* Tells how connecting ended: err->code is OK, or err is what the server said. */
void db_address_tried(const struct err *err);
/* Returns true when a password that has changed, or has worked before, has been refused for too long. */
bool db_address_refused(void);
/* Returns the pause before the next try: the caller's, or a shorter one while the password is on trial. */
int64_t db_address_pause(int64_t pause);

#endif
