#include "extract/api/request_url.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOOK_LIMIT                                                                                 \
    10u /* one record is what there can be; more of them tell that the filter is ignored */

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("-._~:", c) != NULL);
}

/* Appends text as a part of a query's value: all but letters, digits and -._~: percent-encoded. */
static enum err_code url_escape(struct buf *out, const char *text)
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

static enum err_code begin(struct buf *out, const char *base, const char *table, const char *sort,
                           const char *direction, unsigned limit, uint64_t offset)
{
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] == '/')
        n--;
    buf_reset(out);
    enum err_code rc = buf_add(out, base, n);
    if (rc == OK)
        rc = buf_addf(out, "/%s?sort=", table);
    if (rc == OK)
        rc = url_escape(out, sort);
    return rc != OK ? rc : buf_addf(out, ":%s&limit=%u&offset=%" PRIu64, direction, limit, offset);
}

enum err_code url_page(struct buf *out, const char *base, const char *table, const char *key,
                       const struct crawl_request *request, struct err *e)
{
    const char *sort = request->sort == CRAWL_BY_TIME ? "time_modified" : key;
    const char *direction = request->sort == CRAWL_BY_KEY_DOWN ? "desc" : "asc";
    const char *equal = request->equal;
    const char *value = equal[0] != 0 ? equal : request->after;
    enum err_code rc = begin(out, base, table, sort, direction, request->limit, request->offset);
    if (rc == OK && value[0] != 0)
        rc = buf_addf(out, "&filters=time_modified:%s:", equal[0] != 0 ? "equal" : "greater");
    if (rc == OK)
        rc = url_escape(out, value);
    return rc == OK ? OK : buf_err(e, rc, out, "the request's address");
}

enum err_code url_key(struct buf *out, const char *base, const char *table, const char *name,
                      int64_t key, struct err *e)
{
    enum err_code rc = begin(out, base, table, "time_modified", "asc", LOOK_LIMIT, 0);
    if (rc == OK)
        rc = buf_adds(out, "&filters=");
    if (rc == OK)
        rc = url_escape(out, name);
    if (rc == OK)
        rc = buf_addf(out, ":equal:%" PRId64, key);
    return rc == OK ? OK : buf_err(e, rc, out, "the request's address");
}

/* An address up to the last slash of its path; n: up to its query. */
static size_t base_length(const char *url, size_t *n)
{
    *n = strcspn(url, "?#");
    size_t slash = *n;
    while (slash > 0 && url[slash - 1] != '/')
        slash--;
    return slash > 0 ? slash - 1 : 0;
}

bool url_moved_base(const char *asked, const char *target, char *base, size_t room)
{
    struct err e = ERR_INIT;
    size_t asked_n;
    size_t target_n;
    size_t from = base_length(asked, &asked_n);
    size_t to = base_length(target, &target_n);
    bool same_table =
        asked_n - from == target_n - to && strncmp(asked + from, target + to, asked_n - from) == 0;
    bool same_base = from == to && strncmp(asked, target, from) == 0;
    int n = same_table && !same_base ? snprintf(base, room, "%.*s", (int)to, target) : -1;
    return n > 0 && (size_t)n < room && url_check_base(base, "a redirect", ERR_CONFIG, &e) == OK;
}
