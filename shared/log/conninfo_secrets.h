/*
 * Finds the passwords within a database address: a postgresql:// URL or keyword=value pairs, as PostgreSQL's client library
 * reads them. For programs that do not link that library.
 */
#ifndef NETTY_SHARED_LOG_CONNINFO_SECRETS_H
#define NETTY_SHARED_LOG_CONNINFO_SECRETS_H

#include "shared/base/err.h"

/* Registers every password in text with the logger's redaction, as written and decoded; *found is whether there is one. In a
 * malformed address everything that may be a password counts as one. Any string may be given; a string that is no address
 * holds no password. Fails with ERR_NOMEM only. */
enum err_code conninfo_secrets(const char *text, bool *found) MUST_CHECK;

#endif
