/*
 * Passwords within a database address, as PostgreSQL's client reads one: a postgresql:// URL or
 * keyword=value pairs.
 */
#ifndef NETTY_SHARED_LOG_CONNINFO_SECRETS_H
#define NETTY_SHARED_LOG_CONNINFO_SECRETS_H

#include "shared/base/err.h"

/* Tells the logger's redaction every password in text, as written and decoded, and *found whether
 * there is one. Malformed addresses are read generously: rather a password too many than one shown.
 * Any string may be given; one that is no address holds none. Fails with ERR_NOMEM only. */
enum err_code conninfo_secrets(const char *text, bool *found) MUST_CHECK;

#endif
