/*
 * Whether libpq can read a database's address, and what to do where it cannot; and what libpq's own words mean when a
 * connection fails without the server's having said anything.
 *
 *     rc = db_check_conninfo(conninfo, e);        // ERR_CONFIG with advice; its passwords are known to the log from then on
 *     code = db_failure_code(PQerrorMessage(conn));
 *
 * Never quotes the address: what libpq says of one that it cannot read may hold a part of the password.
 */
#ifndef NETTY_LOAD_ADDRESS_DB_CONNINFO_H
#define NETTY_LOAD_ADDRESS_DB_CONNINFO_H

#include "shared/base/err.h"

enum err_code db_check_conninfo(const char *conninfo, struct err *e) MUST_CHECK;

/* ERR_CONFIG: a setting is wrong for every host that was tried. ERR_UNAVAILABLE: one of them at least may pass by itself. */
enum err_code db_failure_code(const char *text);
/* What a person can do about such a setting, or NULL. */
const char *db_failure_advice(const char *text);

#endif
