#include "load/address/db_conninfo.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include <libpq-fe.h>
#include <string.h>
#include <strings.h>

#define ADVICE_FORM                                                                                \
    "write postgresql://user@host:port/database (special characters of the password as %%XX) or "  \
    "host=... dbname=..."
#define UNREADABLE "the database's connection string cannot be read; "

static bool is_url(const char *s)
{
    return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

static const char *value_of(const PQconninfoOption *all, const char *keyword)
{
    for (const PQconninfoOption *o = all; o->keyword != NULL; o++)
        if (strcmp(o->keyword, keyword) == 0 && o->val != NULL)
            return o->val;
    return "";
}

/* A password whose @ or / is written plainly in a URL spills over into host and port, which libpq's errors quote: then the
 * URL has another @, before its query. (A host that begins with @ is a socket without a file.) */
static bool spilt(const char *conninfo, const PQconninfoOption *all)
{
    const char *host = value_of(all, "host");
    const char *port = value_of(all, "port");
    bool odd_port = port[strspn(port, "0123456789, ")] != '\0';
    const char *first = strchr(conninfo, '@');
    const char *query = strrchr(conninfo, '?');
    const char *second = first != NULL ? strchr(first + 1, '@') : NULL;

    for (const char *at = strchr(host, '@'); at != NULL; at = strchr(at + 1, '@'))
        if (at > host && at[-1] != ',')
            return true;
    if (!is_url(conninfo))
        return false;
    const char *slash = strchr(strstr(conninfo, "://") + 3, '/');
    if (first == NULL)
        return odd_port;
    if (slash != NULL && slash < first && (query == NULL || first < query))
        return true;
    return second != NULL && (query == NULL || second < query);
}

/* A scheme of another client library, "postgresql+asyncpg://", which holds no secret; its length, or 0. */
static size_t foreign_scheme(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.:-");

    if (is_url(s) || n < 1 || s[n - 1] != ':' || strncmp(s + n, "//", 2) != 0)
        return 0;
    return memchr(s, '@', n) == NULL ? n + 2 : 0;
}

static bool quoted(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && (s[0] == '"' || s[0] == '\'' || s[0] == '`');
}

/* The query of a URL, where nothing of the password can stand: its @ is before it. NULL: none, or who knows. */
static const char *query_of(const char *s)
{
    const char *query = is_url(s) ? strchr(s, '?') : NULL;

    if (query == NULL || strchr(query, '@') != NULL)
        return NULL;
    return memchr(s, '@', (size_t)(query - s)) != NULL || strstr(s, ":///") != NULL ||
                   strchr(strstr(s, "://") + 3, ':') == NULL
               ? query + 1
               : NULL;
}

static bool libpq_knows(const char *name, size_t n)
{
    PQconninfoOption *all = PQconndefaults();
    bool known = all == NULL;

    for (PQconninfoOption *o = all; o != NULL && o->keyword != NULL && !known; o++)
        known = strlen(o->keyword) == n && strncmp(o->keyword, name, n) == 0;
    PQconninfoFree(all);
    return known ||
           (n == 3 && strncmp(name, "ssl", 3) == 0); /* ssl=true: JDBC's, which libpq takes */
}

/* A parameter of the URL that is some other client's: pgbouncer, connection_limit ... */
static bool find_foreign(const char *conninfo, const char **name, size_t *len)
{
    for (const char *p = query_of(conninfo); p != NULL && *p != '\0';) {
        size_t n = strcspn(p, "&");
        size_t k = strcspn(p, "=&");
        size_t plain = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (k > 0 && plain >= k && !libpq_knows(p, k)) {
            *name = p;
            *len = k;
            return true;
        }
        p += n + (p[n] == '&');
    }
    return false;
}

static enum err_code unreadable(const char *conninfo, struct err *e)
{
    const char *name = NULL;
    size_t n = foreign_scheme(conninfo);

    if (quoted(conninfo))
        return err_set(e, ERR_CONFIG, UNREADABLE "leave out the quotes around it");
    if (strncmp(conninfo, "psql ", 5) == 0)
        return err_set(e, ERR_CONFIG, UNREADABLE "leave out the word psql before it");
    if (strspn(conninfo, " \t\r\n") > 0)
        return err_set(e, ERR_CONFIG, UNREADABLE "leave out the blanks before it");
    if (n > 0)
        return err_set(e, ERR_CONFIG,
                       UNREADABLE "it begins with %.*s, which is another client's; write "
                                  "postgresql:// instead",
                       (int)n, conninfo);
    if (find_foreign(conninfo, &name, &n))
        return err_set(e, ERR_CONFIG,
                       UNREADABLE "libpq has no parameter %.*s, which is another client's; leave "
                                  "it out",
                       (int)n, name);
    return err_set(e, ERR_CONFIG, UNREADABLE ADVICE_FORM);
}

enum err_code db_check_conninfo(const char *conninfo, struct err *e)
{
    char *why = NULL;
    PQconninfoOption *all = PQconninfoParse(conninfo, &why);
    bool readable = all != NULL;

    bool no_memory = all == NULL && (why == NULL || strstr(why, "out of memory") != NULL);
    PQfreemem(why);
    if (no_memory)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (!readable || spilt(conninfo, all)) {
        PQconninfoFree(all);
        return unreadable(conninfo, e);
    }
    for (PQconninfoOption *o = all; o->keyword != NULL; o++)
        if (o->val != NULL &&
            (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0))
            redact_secret(o->val);
    PQconninfoFree(all);
    return OK;
}

/* ---- libpq's own words ---- */

/* libpq's words for errors that only a person can mend; in small letters, as libpq 15 to 18 have them. */
static const struct setting {
    const char *words;
    const char *advice;
} settings[] = {
    {"sslmode", "look at sslmode (disable, allow, prefer, require, verify-ca, verify-full)"},
    {"sslrootcert", "look at sslrootcert"},
    {"root certificate", "look at sslrootcert, which names the file with the CA's certificate"},
    {"does not match host name", "connect to the name that stands in the server's certificate"},
    {"certificate verify failed",
     "the CA's certificate (sslrootcert) is not the one that has signed the server's"},
    {"certificate", "look at sslrootcert, sslcert and sslkey"},
    {"private key", "look at sslkey"},
    {"does not support ssl", "the server has no TLS: look at host and port, or at sslmode"},
    {"definition of service", "look at service, and at the service file that it stands in"},
    {"service file", "look at the service file (PGSERVICEFILE)"},
    {"invalid port number", "look at port"},
    {"could not match", "as many ports, or host addresses, as hosts"},
    {"could not parse network address", "look at hostaddr"},
    {"connection option", "look at the address's parameters"},
    {"could not translate host name", "look at the host's name"},
    {"is too long", "look at host"},
    {"channel binding", "look at channel_binding"},
    {"authentication method", "look at require_auth, or at the server's pg_hba.conf"},
    {"gssapi", "look at gssencmode"},
    {"wrong version number",
     "no PostgreSQL speaks there, or none with TLS: look at host, port and sslmode"},
    {"protocol version", "look at ssl_min_protocol_version"},
    {"unsupported protocol", "look at ssl_min_protocol_version"},
    {"expected authentication request", "no PostgreSQL speaks there: look at host and port"},
    {"received invalid response", "no PostgreSQL speaks there: look at host and port"},
    {"invalid ", "look at the address's parameters"},
};

/* Words for a name server that does not answer now. */
static const char *const passing[] = {"temporary failure in name resolution", "system error",
                                      "try again"};

static bool says(const char *line, size_t n, const char *words)
{
    size_t len = strlen(words);

    for (size_t i = 0; i + len <= n; i++)
        if (strncasecmp(line + i, words, len) == 0)
            return true;
    return false;
}

static bool passes(const char *line, size_t n)
{
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (says(line, n, passing[i]))
            return true;
    return false;
}

static const struct setting *setting_of(const char *line, size_t n)
{
    if (passes(line, n))
        return NULL;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (says(line, n, settings[i].words))
            return &settings[i];
    return NULL;
}

/* What stands behind 'connection to server at "host", port 5432 failed: ', whose host may have any name. */
static bool skip_address(const char **line, size_t *n)
{
    static const char begin[] = "connection to server";
    static const char end[] = " failed: ";

    if (*n < sizeof begin || strncmp(*line, begin, sizeof begin - 1) != 0)
        return false;
    for (size_t i = sizeof begin; i + sizeof end - 1 <= *n; i++)
        if (strncmp(*line + i, end, sizeof end - 1) == 0) {
            *line += i + sizeof end - 1;
            *n -= i + sizeof end - 1;
            return true;
        }
    return false;
}

/* Finds a wrong setting in libpq's message. Each line that is no continuation is about a host, or about the settings as a whole. */
static const struct setting *wrong_setting(const char *text)
{
    const struct setting *found = NULL;

    for (const char *p = text; *p != '\0';) {
        size_t len = strcspn(p, "\n");
        const char *line = p;
        size_t n = len;
        bool host = skip_address(&line, &n);
        const struct setting *s = *line != '\t' && *line != ' ' ? setting_of(line, n) : NULL;
        if (host && s == NULL)
            return NULL; /* this host may come back */
        if (!host && s == NULL && passes(line, n))
            return NULL;
        if (found == NULL)
            found = s;
        p += len + (p[len] == '\n');
    }
    return found;
}

enum err_code db_failure_code(const char *text)
{
    return wrong_setting(text) != NULL ? ERR_CONFIG : ERR_UNAVAILABLE;
}

const char *db_failure_advice(const char *text)
{
    const struct setting *s = wrong_setting(text);

    return s != NULL ? s->advice : NULL;
}
