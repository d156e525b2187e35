/*
 * A circuit breaker that all processes of a spool share: the file <spool>/breaker.json.
 *
 *     {"netty_breaker":1,"key":"1c9e02af","worked":true,"status":429,"until":"2026-11-23T09:30:00.000000Z"}
 *
 * - "worked": whether this key has ever worked. If so, a 401 or 403 means "throttled"; if not, "wrong key".
 * - "status", "until": the last throttling answer, and until when no process may make a request. After that time
 *   one request is made as a trial, and only its success closes the breaker. The process that makes the trial first
 *   moves "until" forward by CIRCUIT_BREAKER_PROBE, so that the other processes wait meanwhile.
 * - "refused": since when every answer has been a 401 or 403. A throttle ends by itself; a refusal that lasts longer
 *   means that the key was revoked.
 * - "key": 32 bits of a hash of key and spool id. That is enough to notice another key, with which everything
 *   begins anew, and far too little to find the key from.
 *
 * Every change is durable before the call returns (io_replace in shared/files/file_io.h). A file that is missing or
 * cannot be read counts as an empty one.
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
    CIRCUIT_BREAKER_OPEN,   /* no request before circuit_breaker_until */
    CIRCUIT_BREAKER_TRY /* the time is over: one request, then circuit_breaker_worked or circuit_breaker_trip */
};

/* Writes the hash of key and id as 8 hexadecimal digits; key must not be NULL. */
#define CIRCUIT_BREAKER_MARK 16
void circuit_breaker_mark(char out[CIRCUIT_BREAKER_MARK], const struct secret *key, const char *id);

/* dir is the spool's folder, id the spool's identity. Nothing is borrowed. key may be NULL for a run that makes no request. */
enum err_code circuit_breaker_open(struct circuit_breaker **b, const char *dir, const char *id,
                                   const struct secret *key, struct err *e) MUST_CHECK;
void circuit_breaker_close(struct circuit_breaker *b);

/* Reads the file anew, since other processes write it too; now is the wall clock. */
enum circuit_breaker_state circuit_breaker_look(struct circuit_breaker *b, int64_t now);
int64_t circuit_breaker_until(const struct circuit_breaker *b);
int64_t circuit_breaker_refused(const struct circuit_breaker *b);      /* since; or WHEN_NONE */
uint64_t circuit_breaker_fingerprint(const struct circuit_breaker *b); /* of the key in use */
bool circuit_breaker_key_worked(const struct circuit_breaker *b);
/* Uses another key from now on. What the file says counts only if it is about that key. */
void circuit_breaker_set_key(struct circuit_breaker *b, const char *id, const struct secret *key);

/* To be called before the one request of CIRCUIT_BREAKER_TRY. Until that request has ended, circuit_breaker_look returns
 * CLOSED in this process and OPEN in the others. */
enum err_code circuit_breaker_probe(struct circuit_breaker *b, int64_t now,
                                    struct err *e) MUST_CHECK;
/* To be called when the API has answered with a page. Writes the file only if that changes anything. */
enum err_code circuit_breaker_worked(struct circuit_breaker *b, struct err *e) MUST_CHECK;
/* To be called after a throttling answer. retry_after is in microseconds, -1 if the answer had none. */
enum err_code circuit_breaker_trip(struct circuit_breaker *b, int64_t now, long status,
                                   int64_t retry_after, struct err *e) MUST_CHECK;

#endif
