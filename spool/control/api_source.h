/*
 * Which API a spool is of: source.json, written by the extractor's first run. Positions mean
 * something at that API only: with another one the extractor would go on from where it stood at the
 * first, and miss all that is older there.
 *
 * What is kept is the address, and a mark of the key that fetched last: 32 bits of a hash that the spool's identity
 * salts, enough to notice another key and far too little to find one from. A key is changed for the same account, or is
 * another account's: which, only the records can tell (extract/run/key_proof.h).
 */
#ifndef NETTY_SPOOL_CONTROL_API_SOURCE_H
#define NETTY_SPOOL_CONTROL_API_SOURCE_H

#include "spool/store/spool.h"

#define API_SOURCE_FILE "source.json"

/* How an address is compared: scheme and host in lower case, no slash at the end, no port that goes
 * without saying. ERR_TOO_BIG for what does not fit. */
#define API_SOURCE_MAX 2048
enum err_code api_source_normal(char out[API_SOURCE_MAX], const char *url,
                                struct err *e) MUST_CHECK;

/* ERR_CONFIG when the spool is of another address, or nobody can tell because the file is damaged;
 * the message says how to go on. A spool without the file (new, or of before) fits any. */
enum err_code api_source_check(const struct spool *s, const char *url, struct err *e) MUST_CHECK;
/* The same, and the spool is of this address from then on, durably. rebind: whatever it was of. */
enum err_code api_source_bind(const struct spool *s, const char *url, bool rebind,
                              struct err *e) MUST_CHECK;

/* The same, with the mark of the key; NULL: no key is used. *other: the spool was fetched with another key, whose mark stays. Where
 * none was noted yet, or with rebind, this one is. */
#define API_SOURCE_KEY 16 /* bytes of a mark, with its end */
enum err_code api_source_bind_key(const struct spool *s, const char *url, const char *key,
                                  bool rebind, bool *other, struct err *e) MUST_CHECK;
/* The spool is of this key from then on, durably. */
enum err_code api_source_take_key(const struct spool *s, const char *url, const char *key,
                                  struct err *e) MUST_CHECK;

#endif
