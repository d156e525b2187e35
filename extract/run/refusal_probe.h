/*
 * One request for a table that this run has read already. It is made when a table was refused and no other table is left
 * whose request could tell whether the refusal concerns that table alone (refusal_gate.h); and when all answers for a table had no
 * bytes (silent_tables.h).
 *
 *     refusal_probe_start(&p, env, "users", done, ctx, e);    // p all zero; done(ctx, answered) once, from the loop
 *     refusal_probe_stop(&p);                                 // any time: done is not called then
 */
#ifndef NETTY_EXTRACT_RUN_REFUSAL_PROBE_H
#define NETTY_EXTRACT_RUN_REFUSAL_PROBE_H

#include "extract/table/table_fetch.h"
#include "shared/base/buf.h"

typedef void refusal_probe_fn(void *ctx, bool answered);
struct refusal_probe {
    const struct table_fetch_env *env;
    refusal_probe_fn *done;
    void *ctx;
    struct buf url;
    struct rate_limit_turn turn;
    struct http_request *request;
    bool under_way;
};

enum err_code refusal_probe_start(struct refusal_probe *p, const struct table_fetch_env *env,
                                  const char *table, refusal_probe_fn *done, void *ctx,
                                  struct err *e) MUST_CHECK;
void refusal_probe_stop(struct refusal_probe *p);

#endif
