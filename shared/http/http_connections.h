/*
 * The connections of the small HTTP server, and since when each has had nothing to show for itself: since it was accepted,
 * or its last request was answered. So that no client keeps others out: the one that has been so for longest makes room
 * when there are too many, and whoever has been so for too long is closed.
 *
 * Sockets are borrowed. Times are of the loop's clock, in milliseconds.
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
/* Not when full. */
void http_connections_add(struct http_connections *c, int fd, uint64_t now);
/* A request of it was answered whole. */
void http_connections_answered(struct http_connections *c, int fd, uint64_t now);
void http_connections_remove(struct http_connections *c, int fd);
/* The socket that has waited longest, and since when; -1 when there is none. */
int http_connections_oldest(const struct http_connections *c, uint64_t *since);

#endif
