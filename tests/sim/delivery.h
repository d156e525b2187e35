/*
 * How an answer goes out: whole, cut short, after a wait, in two halves, or not at all.
 */
#ifndef NETTY_TESTS_SIM_DELIVERY_H
#define NETTY_TESTS_SIM_DELIVERY_H

#include "shared/base/err.h"
#include "tests/sim/api/serve.h"
#include "tests/sim/control.h"
#include <microhttpd.h>

/* Waiting that can be ended for all at once. */
struct pause;
enum err_code pause_open(struct pause **p, struct err *e) MUST_CHECK;
void pause_for(struct pause *p, int64_t ms);
void pause_end(struct pause *p); /* all that wait go on, and nobody waits again */
void pause_close(struct pause *p);

/* Takes over the reply's body. May wait. p outlives the connection. */
enum MHD_Result deliver(struct MHD_Connection *connection, struct reply *reply, struct pause *p);
/* Takes over truth; NULL answers 404. */
enum MHD_Result deliver_truth(struct MHD_Connection *connection, struct truth *truth);
enum MHD_Result deliver_refusal(struct MHD_Connection *connection, unsigned status);

#endif
