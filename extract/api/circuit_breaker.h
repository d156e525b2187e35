/*
 * What the spool remembers of how the API took our key: <spool>/breaker.json.
 *
 *     {"netty_breaker":1,"key":"1c9e02af","worked":true,"status":429,"until":"2026-11-23T09:30:00.000000Z"}
 *
 * - Whether this key has ever worked: a 401 or 403 means "throttled" then, and "wrong key" before.
 * - After a throttling answer, until when nobody is to knock. When that time is over one request is
 * made, and only its success lets the others go on. Whoever makes it moves the time on by
 * CIRCUIT_BREAKER_PROBE first, so that other processes stay away while it is under way.
 *
 * - "refused": since when all is answered by 401 or 403. A throttle passes; where that lasts longer than one
 * does, the key was revoked.
 *
 * "key" is 32 bits of a hash of key and spool id: enough to notice another key, which starts
 * afresh, and far too little to find the key from. Every change is durable before the call returns
 * (shared/files/file_io.h, io_replace). A file that is missing or not understood counts as none.
 */
#ifndef NETTY_EXTRACT_API_CIRCUIT_BREAKER_H
#define NETTY_EXTRACT_API_CIRCUIT_BREAKER_H

#include "shared/base/err.h"
#include "shared/log/secret.h"
#include <stdint.h>

#define CIRCUIT_BREAKER_FILE  "breaker.json"
#define CIRCUIT_BREAKER_REST  (INT64_C(15) * 60 * 1000000) /* without Retry-After */
#define CIRCUIT_BREAKER_LEAST (INT64_C(1) * 1000000)
#define CIRCUIT_BREAKER_MOST  (INT64_C(3600) * 1000000) /* a longer Retry-After is cut to this */
#define CIRCUIT_BREAKER_PROBE (INT64_C(60) * 1000000)

struct circuit_breaker;
enum circuit_breaker_state {
    CIRCUIT_BREAKER_CLOSED, /* go on */
    CIRCUIT_BREAKER_OPEN,   /* do not knock before circuit_breaker_until */
    CIRCUIT_BREAKER_TRY /* the time is over: one request, then circuit_breaker_worked or circuit_breaker_trip */
};

/* The 32 bits as 8 digits; key not NULL. */
#define CIRCUIT_BREAKER_MARK 16
void circuit_breaker_mark(char out[CIRCUIT_BREAKER_MARK], const struct secret *key, const char *id);

/* Borrows nothing. dir is the spool's folder and id its identity. key NULL: for a run that asks for nothing. */
enum err_code circuit_breaker_open(struct circuit_breaker **b, const char *dir, const char *id,
                                   const struct secret *key, struct err *e) MUST_CHECK;
void circuit_breaker_close(struct circuit_breaker *b);

/* Reads the file again (other processes write it too); now is the wall clock. */
enum circuit_breaker_state circuit_breaker_look(struct circuit_breaker *b, int64_t now);
int64_t circuit_breaker_until(const struct circuit_breaker *b);
int64_t circuit_breaker_refused(const struct circuit_breaker *b);      /* or WHEN_NONE */
uint64_t circuit_breaker_fingerprint(const struct circuit_breaker *b); /* of the key in use */
bool circuit_breaker_key_worked(const struct circuit_breaker *b);
/* Another key is in use from now on: what is remembered counts where it is of that key. */
void circuit_breaker_set_key(struct circuit_breaker *b, const char *id, const struct secret *key);

/* The one request of CIRCUIT_BREAKER_TRY is about to be made by this process: until it ends, circuit_breaker_look
 * says CLOSED here and OPEN elsewhere. */
enum err_code circuit_breaker_probe(struct circuit_breaker *b, int64_t now,
                                    struct err *e) MUST_CHECK;
/* The API took the key. Writes only when that is news. */
enum err_code circuit_breaker_worked(struct circuit_breaker *b, struct err *e) MUST_CHECK;
/* The API wants to be left alone; retry_after in microseconds, or -1. */
enum err_code circuit_breaker_trip(struct circuit_breaker *b, int64_t now, long status,
                                   int64_t retry_after, struct err *e) MUST_CHECK;

#endif
