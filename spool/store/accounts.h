/*
 * What several accounts need besides their settings (shared/options/accounts.h): each has a spool, a key and tables of its own.
 *
 *     rc = accounts_check(o, NULL, e);      // in each program, once its log is set up
 *
 * ERR_CONFIG: the file has accounts and none was asked for; the folder that is to hold the account's spool is a spool itself; or two
 * accounts load into one schema of one database. A warning of two accounts that have one key: each would fetch
 * the other's records.
 */
#ifndef NETTY_SPOOL_STORE_ACCOUNTS_H
#define NETTY_SPOOL_STORE_ACCOUNTS_H

#include "shared/options/accounts.h"

/* Makes of a database's address what can be compared: two that are equal are one database. conninfo may be NULL: the environment's.
 * *out is the caller's to free. NULL instead of such a function: addresses are compared as they are written. */
typedef enum err_code accounts_address_fn(char **out, const char *conninfo, struct err *e);

/* The same for a program that serves all of them where none was asked for. */
enum err_code accounts_check_all(const struct options *o, accounts_address_fn *address,
                                 struct err *e) MUST_CHECK;
/* ERR_CONFIG: what is asked for (NULL: all that the program does) is for one account, so that one has to be named. */
enum err_code accounts_name_one(const struct options *o, const char *what,
                                struct err *e) MUST_CHECK;
enum err_code accounts_check(const struct options *o, accounts_address_fn *address,
                             struct err *e) MUST_CHECK;

#endif
