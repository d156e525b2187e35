/*
 * Finds out whether a refusal (401, 403) concerns one table, or the key: refused as a whole, or throttled.
 *
 * A refusal concerns one table only if a request for another table, made after the refusal, is answered. So the refused
 * table waits, and all other requests wait too, but for one, the probe:
 *
 *     refusal_gate_ask(g, &turn, go, ctx);    // before each request: go(ctx) at once, or when the probe has ended
 *     refusal_gate_refused(g, &turn, own, all, ctx);   // the request was refused: own(ctx) or all(ctx) follows
 *     refusal_gate_answered(g, &turn);        // the request was answered
 *     refusal_gate_failed(g, &turn);          // neither: another request becomes the probe
 *     refusal_gate_forget(g, &turn);          // the turn is no longer wanted; harmless in any state
 *
 * If the probe is answered, own() is called for each refused table, and the other requests go on. If the probe is refused,
 * too, all() is called for each refused table. If no table is left to make a request (refusal_gate_stuck), the caller
 * makes one itself, or ends the waiting with refusal_gate_settle(g, false).
 *
 * Callbacks may call any function of this header. No clock, no network.
 */
#ifndef NETTY_EXTRACT_API_REFUSAL_GATE_H
#define NETTY_EXTRACT_API_REFUSAL_GATE_H

#include "shared/base/err.h"

struct refusal_gate;

typedef void refusal_gate_fn(void *ctx);
/* The caller's memory, all zero before the first use. It must not move while it waits. */
struct refusal_gate_turn {
    refusal_gate_fn *go, *own, *all;
    void *ctx;
    bool waiting; /* for its request */
    bool refused; /* ... or for what its refusal means */
    struct refusal_gate_turn *next;
};

enum err_code refusal_gate_open(struct refusal_gate **g, struct err *e) MUST_CHECK;
void refusal_gate_close(struct refusal_gate *g); /* drops all waiting turns; NULL is fine */

void refusal_gate_ask(struct refusal_gate *g, struct refusal_gate_turn *turn, refusal_gate_fn *go,
                      void *ctx);
void refusal_gate_refused(struct refusal_gate *g, struct refusal_gate_turn *turn,
                          refusal_gate_fn *own, refusal_gate_fn *all, void *ctx);
void refusal_gate_answered(struct refusal_gate *g, struct refusal_gate_turn *turn);
void refusal_gate_failed(struct refusal_gate *g, struct refusal_gate_turn *turn);
void refusal_gate_forget(struct refusal_gate *g, struct refusal_gate_turn *turn);

/* True while some refused table waits, so that only the probe is made. */
bool refusal_gate_doubts(const struct refusal_gate *g);
/* True if some refused table waits, and no request is under way that could decide. */
bool refusal_gate_stuck(const struct refusal_gate *g);
/* Ends all waiting. own: the refusals concern these tables alone; else the key. */
void refusal_gate_settle(struct refusal_gate *g, bool own);

#endif
