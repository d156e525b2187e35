#include "shared/http/http_connections.h"

static struct http_connection *find(struct http_connections *c, int fd)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->open[i].fd == fd)
            return &c->open[i];
    return NULL;
}

bool http_connections_full(const struct http_connections *c)
{
    return c->count == HTTP_CONNECTIONS;
}

void http_connections_add(struct http_connections *c, int fd, uint64_t now)
{
    if (!http_connections_full(c))
        c->open[c->count++] = (struct http_connection){fd, now};
}

void http_connections_answered(struct http_connections *c, int fd, uint64_t now)
{
    struct http_connection *found = find(c, fd);
    if (found != NULL)
        found->since = now;
}

void http_connections_remove(struct http_connections *c, int fd)
{
    struct http_connection *found = find(c, fd);
    if (found != NULL)
        *found = c->open[--c->count];
}

int http_connections_oldest(const struct http_connections *c, uint64_t *since)
{
    int fd = -1;
    for (size_t i = 0; i < c->count; i++)
        if (fd < 0 || c->open[i].since < *since) {
            fd = c->open[i].fd;
            *since = c->open[i].since;
        }
    return fd;
}
