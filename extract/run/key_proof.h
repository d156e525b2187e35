/*
 * Whether a new API key is of the spool's account: it must show a record that the spool holds, with the same key and the same
 * time_created (or, without one, the same text), before anything is written.
 *
 *     key_proof_start(&p, env, done, ctx, e);    // done(ctx, &err) once, perhaps before this returns
 *     key_proof_stop(p);                         // before done: done is not called then; after it, to free
 *
 * Asks, of up to KEY_PROOF_TABLES tables: for the page that a regular run would begin with, and where it shows none of the
 * spool's newest records, for up to KEY_PROOF_SINGLES of these by key. Nothing is tried again: the next run asks anew.
 * err->code: OK; ERR_CONFIG where all that was answered is unknown to the spool; else how the last request ended. A spool
 * without records fits any key.
 */
#ifndef NETTY_EXTRACT_RUN_KEY_PROOF_H
#define NETTY_EXTRACT_RUN_KEY_PROOF_H

#include "extract/table/table_fetch.h"

#define KEY_PROOF_TABLES  4
#define KEY_PROOF_SINGLES 4

struct key_proof;
typedef void key_proof_fn(void *ctx, const struct err *err);

enum err_code key_proof_start(struct key_proof **p, const struct table_fetch_env *env,
                              key_proof_fn *done, void *ctx, struct err *e) MUST_CHECK;
void key_proof_stop(struct key_proof *p); /* NULL is fine */

#endif
