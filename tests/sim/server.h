/*
 * The sockets: libmicrohttpd on 127.0.0.1, a thread for each connection, so that one that waits or
 * hangs holds up no other.
 */
#ifndef NETTY_TESTS_SIM_SERVER_H
#define NETTY_TESTS_SIM_SERVER_H

#include "shared/base/err.h"
#include "tests/sim/api/world.h"

struct server;

/* Listens when it returns OK; w->port is set. w is borrowed until server_stop. */
enum err_code server_start(struct server **s, struct world *w, struct err *e) MUST_CHECK;
/* Ends all waiting, closes all connections, joins all threads. */
void server_stop(struct server *s);

#endif
