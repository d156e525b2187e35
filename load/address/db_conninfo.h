/*
 * Whether libpq can read a database's address, and what to do if it cannot; and what libpq's own words mean when a connection
 * fails before the server has said anything.
 *
 *     rc = db_check_conninfo(conninfo, e);        // ERR_CONFIG with advice; the log redacts its passwords from then on
 *     code = db_failure_code(PQerrorMessage(conn));
 *
 * No message quotes the address: libpq's message about an address that it cannot read may hold a part of the password.
 */
#ifndef NETTY_LOAD_ADDRESS_DB_CONNINFO_H
#define NETTY_LOAD_ADDRESS_DB_CONNINFO_H

#include "shared/base/err.h"

enum err_code db_check_conninfo(const char *conninfo, struct err *e) MUST_CHECK;

/* Returns ERR_CONFIG if a setting is wrong for every host that was tried; ERR_UNAVAILABLE if for one of them at least the
 * failure may pass by itself. */
enum err_code db_failure_code(const char *text);
/* Returns what a person can do about such a setting, or NULL. */
const char *db_failure_advice(const char *text);

#endif
