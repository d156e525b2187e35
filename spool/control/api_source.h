/*
 * Which API a spool was fetched from: source.json, written by the extractor's first run. A position means
 * something at that API only: at another one the extractor would go on from the same position, and miss
 * everything before it.
 *
 * The file has the address, and a mark of the key that fetched last: 32 bits of a hash that is salted with the spool's
 * identity. That is enough to notice another key, and far too little to find the key from. Another key may be a new one of the
 * same account, or that of another account; only the records can show which (extract/run/key_proof.h).
 */
#ifndef NETTY_SPOOL_CONTROL_API_SOURCE_H
#define NETTY_SPOOL_CONTROL_API_SOURCE_H

#include "spool/store/spool.h"

#define API_SOURCE_FILE "source.json"

/* Writes the form in which addresses are compared: scheme and host in lower case, no slash at the end, no default port.
 * ERR_TOO_BIG where it does not fit. */
#define API_SOURCE_MAX 2048
enum err_code api_source_normal(char out[API_SOURCE_MAX], const char *url,
                                struct err *e) MUST_CHECK;

/* Fails with ERR_CONFIG when the spool was fetched from another address, or when the file is damaged; the message says how to go
 * on. A spool without the file (it is new, or an older version wrote it) fits every address. */
enum err_code api_source_check(const struct spool *s, const char *url, struct err *e) MUST_CHECK;
/* The same, and records this address, durably. rebind: also when the spool was fetched from another one. */
enum err_code api_source_bind(const struct spool *s, const char *url, bool rebind,
                              struct err *e) MUST_CHECK;

/* The same, with the key; NULL: no key is used. Records the key's mark where none is recorded yet, and with rebind. *other is
 * true when the spool was fetched with another key; that key's mark stays. */
#define API_SOURCE_KEY 16 /* bytes of a mark, with its end */
enum err_code api_source_bind_key(const struct spool *s, const char *url, const char *key,
                                  bool rebind, bool *other, struct err *e) MUST_CHECK;
/* Records this key's mark in place of the one before, durably. */
enum err_code api_source_take_key(const struct spool *s, const char *url, const char *key,
                                  struct err *e) MUST_CHECK;

#endif
