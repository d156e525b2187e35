#include "extract/url.h"
#include <string.h>

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-._~:", c) != NULL);
}

enum err_code url_escape(struct buf *out, const char *text)
{
    enum err_code rc = OK;
    for (; *text != 0 && rc == OK; text++)
        rc = plain(*text) ? buf_addc(out, *text) : buf_addf(out, "%%%02X", (unsigned char)*text);
    return rc;
}

enum err_code url_check_base(const char *base, const char *origin, enum err_code rc, struct err *e)
{
    const char *host = NULL;
    if (strncmp(base, "https://", 8) == 0)
        host = base + 8;
    else if (strncmp(base, "http://", 7) == 0)
        host = base + 7;
    if (host == NULL || *host == 0 || *host == '/' || *host == ':')
        return err_set(e, rc, "base-url (from %s) must begin with https:// or http:// and a host",
                       origin);
    for (const char *s = host; *s != 0; s++)
        if (*s <= ' ' || *s > '~' || strchr("?#@\"<>\\^`{|}", *s) != NULL)
            return err_set(e, rc,
                           "base-url (from %s) must be a host and a path: no user, query, fragment"
                           " or blanks",
                           origin);
    return OK;
}

enum err_code url_page(struct buf *out, const char *base, const char *table,
                       const struct crawl_request *request, struct err *e)
{
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/')
        n--;
    buf_reset(out);
    enum err_code rc = buf_add(out, base, n);
    if (rc == OK)
        rc = buf_addf(out, "/%s?sort=time_modified:asc&limit=%u&offset=%llu", table, request->limit,
                      (unsigned long long)request->offset);
    if (rc == OK && request->after[0] != 0)
        rc = buf_adds(out, "&filters=time_modified:greater:");
    if (rc == OK)
        rc = url_escape(out, request->after);
    return rc == OK ? OK : buf_err(e, rc, out, "the request's address");
}
