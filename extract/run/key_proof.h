/*
 * Finds out whether a new API key belongs to the spool's account. Before anything is written, the key must show a record that
 * the spool holds: with the same record key and the same time_created, or if it has no such time with the same text.
 *
 *     key_proof_start(&p, env, done, ctx, e);    // done(ctx, &err) once, perhaps before this returns
 *     key_proof_stop(p);                         // frees p; before done(), it also ends the proof without calling done()
 *
 * For each of up to KEY_PROOF_TABLES tables it requests the page that a regular run would begin with. If that shows none of the
 * spool's newest records, it requests up to KEY_PROOF_SINGLES of these by key. Nothing is tried again; the next run tries anew.
 * err->code is OK; ERR_CONFIG if there were answers and none had a record of the spool; else how the last request ended. A
 * spool without records fits any key.
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
