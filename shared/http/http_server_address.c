#include "shared/http/http_server.h"

#include "shared/base/units.h"
#include <arpa/inet.h>
#include <string.h>

static bool read_host(const char *host, union http_server_address *a, in_port_t port)
{
    memset(a, 0, sizeof *a);
    if (host[0] == 0 || strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = port;
        return true;
    }
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = port;
        return true;
    }
    return false;
}

enum err_code http_server_address(const char *text, const char *origin, enum err_code code,
                                  union http_server_address *address, struct err *e)
{
    char host[INET6_ADDRSTRLEN + 2];
    int64_t port = -1;
    const char *colon = strrchr(text, ':');
    size_t n = colon != NULL ? (size_t)(colon - text) : 0;
    const char *from = text;
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        from++;
        n -= 2;
    } else if (memchr(text, ':', n) != NULL) {
        n = sizeof host; /* an IPv6 address without its brackets */
    }
    if (colon == NULL || n >= sizeof host || units_count(colon + 1, &port) != OK || port > 65535)
        goto bad;
    memcpy(host, from, n);
    host[n] = 0;
    if (read_host(host, address, htons((uint16_t)port)))
        return OK;
bad:
    return err_set(e, code,
                   "%s: '%s' is no address to listen on; write 127.0.0.1:9187, [::1]:9187 or :9187",
                   origin, text);
}

bool http_server_is_loopback(const union http_server_address *a)
{
    if (a->any.sa_family == AF_INET)
        return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}
