/*
 * What of a database's address tells databases apart: host, port and name, and the role where no name is given. Two addresses that are
 * written alike there are one database; that two names of a host are one machine is not seen.
 */
#ifndef NETTY_LOAD_ADDRESS_DB_SAME_H
#define NETTY_LOAD_ADDRESS_DB_SAME_H

#include "shared/base/err.h"

/* NULL: the environment's. *out is the caller's to free, and holds no password. An address that libpq cannot read is compared
 * whole: its use will say what is wrong with it. */
enum err_code db_same_text(char **out, const char *conninfo, struct err *e) MUST_CHECK;

#endif
