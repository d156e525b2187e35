/*
 * The connections of the small HTTP server, and since when each has been idle: since it was accepted, or since its last
 * request was answered. The server closes a connection that has been idle for too long, and the one that has been idle
 * for longest when another client connects and there is no room. So no client keeps others out.
 *
 * Sockets are borrowed. Times are those of the loop's clock, in milliseconds.
 */
#ifndef NETTY_SHARED_HTTP_HTTP_CONNECTIONS_H
#define NETTY_SHARED_HTTP_HTTP_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_CONNECTIONS 32

struct http_connections {
    struct http_connection {
        int fd;
        uint64_t since;
    } open[HTTP_CONNECTIONS];
    size_t count;
};

bool http_connections_full(const struct http_connections *c);
/* Adds a connection that was just accepted. Must not be called when full. */
void http_connections_add(struct http_connections *c, int fd, uint64_t now);
/* Says that a request of the connection was answered to its end. */
void http_connections_answered(struct http_connections *c, int fd, uint64_t now);
void http_connections_remove(struct http_connections *c, int fd);
/* Returns the socket that has been idle for longest, and sets *since; -1 when there is none. */
int http_connections_oldest(const struct http_connections *c, uint64_t *since);

#endif
