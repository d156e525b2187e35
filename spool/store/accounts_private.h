/* What the files behind spool/store/accounts.h share. */
#ifndef NETTY_SPOOL_STORE_ACCOUNTS_PRIVATE_H
#define NETTY_SPOOL_STORE_ACCOUNTS_PRIVATE_H

#include "spool/store/accounts.h"

/* accounts_schema.c */
enum err_code accounts_check_schemas(const struct options *o, accounts_address_fn *address,
                                     struct err *e) MUST_CHECK;
/* accounts_key.c */
enum err_code accounts_compare_keys(const struct options *o, struct err *e) MUST_CHECK;

/* Reads the first line of a regular file, at most `room` bytes with the NUL. Returns false where it cannot be read. The caller
 * wipes out, which may hold a secret. */
#define ACCOUNTS_LINE 16384
bool accounts_first_line(const char *path, char *out, size_t room);

#endif
