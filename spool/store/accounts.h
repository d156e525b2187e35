/*
 * Checks that accounts (shared/options/accounts.h) keep apart: each has a spool, a key and tables of its own.
 *
 *     rc = accounts_check(o, NULL, e);      // in each program, once its log is set up
 *
 * Fails with ERR_CONFIG when the configuration file has accounts and none was asked for, when the folder of the accounts'
 * spools is a spool itself, or when two accounts load into one schema of one database. Logs a warning when two accounts have
 * the same key: each would fetch the other's records.
 */
#ifndef NETTY_SPOOL_STORE_ACCOUNTS_H
#define NETTY_SPOOL_STORE_ACCOUNTS_H

#include "shared/options/accounts.h"

/* Turns a database's address into a text for comparison: equal texts are one database. conninfo may be NULL: the address is
 * that of the environment. The caller frees *out. Where NULL is given for this function, addresses are compared as they are
 * written. */
typedef enum err_code accounts_address_fn(char **out, const char *conninfo, struct err *e);

/* Does not ask for an account: for a program that serves all accounts when none was asked for. */
enum err_code accounts_check_all(const struct options *o, accounts_address_fn *address,
                                 struct err *e) MUST_CHECK;
/* ERR_CONFIG: what is asked for (NULL: all that the program does) is for one account, so that one has to be named. */
enum err_code accounts_name_one(const struct options *o, const char *what,
                                struct err *e) MUST_CHECK;
enum err_code accounts_check(const struct options *o, accounts_address_fn *address,
                             struct err *e) MUST_CHECK;

#endif
