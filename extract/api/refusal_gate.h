/*
 * Is a refusal (401, 403) one table's own, or is it the key that is refused, or throttled?
 *
 * A refusal is a table's own only where a request for another table, made after it, was answered. So a
 * refused table waits, and so do all requests of the others but one, the probe:
 *
 *     refusal_gate_ask(g, &turn, go, ctx);    // before each request: go(ctx) now, or when that is known
 *     refusal_gate_refused(g, &turn, own, all, ctx);   // it was refused: own(ctx) or all(ctx), later
 *     refusal_gate_answered(g, &turn);        // it was answered
 *     refusal_gate_failed(g, &turn);          // neither: another request becomes the probe
 *     refusal_gate_forget(g, &turn);          // it waits no more; harmless in any state
 *
 * Where the probe is answered own() is called for each table that waits, and the others go on. Where it is
 * refused, too, all() is called for each of them. Where nobody is left to make a request
 * (refusal_gate_stuck) the caller makes one itself, or ends it with refusal_gate_settle(g, false).
 *
 * Callbacks may call any function of this header. No clock, no network.
 */
#ifndef NETTY_EXTRACT_API_REFUSAL_GATE_H
#define NETTY_EXTRACT_API_REFUSAL_GATE_H

#include "shared/base/err.h"

struct refusal_gate;

typedef void refusal_gate_fn(void *ctx);
/* The caller's memory, all zero before the first use; it stays where it is while it waits. */
struct refusal_gate_turn {
    refusal_gate_fn *go, *own, *all;
    void *ctx;
    bool waiting; /* for its request */
    bool refused; /* ... or for what its refusal means */
    struct refusal_gate_turn *next;
};

enum err_code refusal_gate_open(struct refusal_gate **g, struct err *e) MUST_CHECK;
void refusal_gate_close(struct refusal_gate *g); /* forgets all who wait; NULL is fine */

void refusal_gate_ask(struct refusal_gate *g, struct refusal_gate_turn *turn, refusal_gate_fn *go,
                      void *ctx);
void refusal_gate_refused(struct refusal_gate *g, struct refusal_gate_turn *turn,
                          refusal_gate_fn *own, refusal_gate_fn *all, void *ctx);
void refusal_gate_answered(struct refusal_gate *g, struct refusal_gate_turn *turn);
void refusal_gate_failed(struct refusal_gate *g, struct refusal_gate_turn *turn);
void refusal_gate_forget(struct refusal_gate *g, struct refusal_gate_turn *turn);

/* Some table waits for what its refusal means: no request is made but the probe. */
bool refusal_gate_doubts(const struct refusal_gate *g);
/* Some table waits for what its refusal means, and no request that could tell is under way. */
bool refusal_gate_stuck(const struct refusal_gate *g);
/* Ends all waiting: the refusals are the tables' own, or everybody's. */
void refusal_gate_settle(struct refusal_gate *g, bool own);

#endif
