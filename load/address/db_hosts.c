#include "load/address/db_hosts.h"
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define LIST_MAX     65536u
#define PORT_DEFAULT "5432"

enum err_code db_hosts_resolve(const char *name, struct buf *out)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    char text[NI_MAXHOST];
    enum err_code rc = OK;

    if (getaddrinfo(name, NULL, &hints, &all) != 0)
        return OK;
    for (const struct addrinfo *a = all; rc == OK && a != NULL; a = a->ai_next) {
        if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        text[strcspn(text, "%")] = '\0'; /* libpq does not tell an address's zone */
        if ((rc = buf_adds(out, text)) == OK)
            rc = buf_addc(out, ',');
    }
    freeaddrinfo(all);
    return rc;
}

/* ---- what was tried: lines of host, port and address ---- */

static enum err_code add_line(struct buf *out, const char *host, const char *port,
                              const char *address)
{
    return buf_addf(out, "%s\t%s\t%s\n", host, port[0] != '\0' ? port : PORT_DEFAULT, address);
}

static bool has_line(const struct buf *lines, const struct buf *line)
{
    for (const char *p = lines->data; (p = strstr(p, line->data)) != NULL; p++)
        if (p == lines->data || p[-1] == '\n')
            return true;
    return false;
}

enum err_code db_hosts_note(struct buf *tried, const char *host, const char *port,
                            const char *address, bool *again)
{
    struct buf line;
    enum err_code rc;

    buf_init(&line, LIST_MAX);
    rc = add_line(&line, host, port, address);
    *again = rc == OK && has_line(tried, &line);
    if (rc == OK && !*again)
        rc = buf_add(tried, line.data, line.len);
    buf_free(&line);
    return rc;
}

/* ---- lists ---- */

/* The part of a comma-separated list that begins at *p, copied to out; *p goes behind it (NULL: that
 * was the last). */
static enum err_code take_part(const char **p, struct buf *out)
{
    size_t n = *p != NULL ? strcspn(*p, ",") : 0;
    enum err_code rc;

    buf_reset(out);
    if (*p == NULL)
        return OK;
    rc = buf_add(out, *p, n);
    *p = (*p)[n] == ',' ? *p + n + 1 : NULL;
    return rc;
}

static enum err_code add_part(struct buf *list, size_t before, const char *s)
{
    enum err_code rc = before > 0 ? buf_addc(list, ',') : OK;

    return rc == OK ? buf_adds(list, s) : rc;
}

struct entry {
    struct buf host, hostaddr, port;
};

/* One address of the entry, unless it was tried. */
static enum err_code add_address(struct db_hosts *left, const struct entry *x, const char *address,
                                 const struct buf *tried)
{
    struct buf line;
    enum err_code rc;

    buf_init(&line, LIST_MAX);
    rc = add_line(&line, x->host.len > 0 ? x->host.data : x->hostaddr.data, x->port.data, address);
    bool known = rc == OK && has_line(tried, &line);
    buf_free(&line);
    if (rc != OK || known)
        return rc;
    if ((rc = add_part(&left->host, left->count, x->host.data)) == OK &&
        (rc = add_part(&left->hostaddr, left->count, address)) == OK)
        rc = add_part(&left->port, left->count, x->port.data);
    left->count++;
    return rc;
}

/* A socket, and a name that cannot be resolved now, have no address: libpq finds its own. */
static enum err_code add_entry(struct db_hosts *left, const struct entry *x,
                               const struct buf *tried, db_resolve_fn *resolve)
{
    const char *name = x->hostaddr.len > 0 ? x->hostaddr.data : x->host.data;
    const char *p;
    struct buf all;
    struct buf one;
    enum err_code rc = OK;

    buf_init(&all, LIST_MAX);
    buf_init(&one, LIST_MAX);
    if (name[0] != '\0' && name[0] != '/' && name[0] != '@')
        rc = resolve(name, &all);
    if (rc == OK && all.len == 0)
        rc = add_address(left, x, "", tried);
    for (p = all.data; rc == OK && p != NULL && *p != '\0';)
        if ((rc = take_part(&p, &one)) == OK)
            rc = add_address(left, x, one.data, tried);
    buf_free(&all);
    buf_free(&one);
    return rc;
}

enum err_code db_hosts_left(struct db_hosts *left, const char *host, const char *hostaddr,
                            const char *port, const struct buf *tried, db_resolve_fn *resolve)
{
    struct entry x;
    bool same_port = port == NULL || strchr(port, ',') == NULL;
    enum err_code rc = OK;

    *left = (struct db_hosts){0};
    buf_init(&left->host, LIST_MAX);
    buf_init(&left->hostaddr, LIST_MAX);
    buf_init(&left->port, LIST_MAX);
    buf_init(&x.host, LIST_MAX);
    buf_init(&x.hostaddr, LIST_MAX);
    buf_init(&x.port, LIST_MAX);
    if (same_port && port != NULL)
        rc = buf_adds(&x.port, port);
    while (rc == OK && (host != NULL || hostaddr != NULL)) {
        if ((rc = take_part(&host, &x.host)) != OK ||
            (rc = take_part(&hostaddr, &x.hostaddr)) != OK ||
            (!same_port && (rc = take_part(&port, &x.port)) != OK))
            break;
        if (x.host.len + x.hostaddr.len > 0)
            rc = add_entry(left, &x, tried, resolve);
    }
    buf_free(&x.host);
    buf_free(&x.hostaddr);
    buf_free(&x.port);
    return rc;
}

void db_hosts_free(struct db_hosts *h)
{
    buf_free(&h->host);
    buf_free(&h->hostaddr);
    buf_free(&h->port);
}
