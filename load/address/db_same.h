/*
 * The part of a database's address by which two databases are told apart: host, port and database name, and the role if no name
 * is given. Two addresses that agree in these are one database. Two names of one host count as two databases.
 */
#ifndef NETTY_LOAD_ADDRESS_DB_SAME_H
#define NETTY_LOAD_ADDRESS_DB_SAME_H

#include "shared/base/err.h"

/* conninfo NULL: libpq's environment. *out is freed by the caller, and holds no password. An address that libpq cannot read is
 * compared as a whole; when it is used, the error says what is wrong. */
enum err_code db_same_text(char **out, const char *conninfo, struct err *e) MUST_CHECK;

#endif
