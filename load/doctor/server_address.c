#include "load/doctor/server_address.h"
#include <libpq-fe.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *value(const PQconninfoOption *all, const char *name)
{
    for (const PQconninfoOption *o = all; o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, name) == 0 && o->val != NULL && o->val[0] != '\0')
            return o->val;
    return NULL;
}

/* The first of a list that commas separate. */
static void copy_first(char *out, size_t size, const char *text)
{
    if (text != NULL)
        (void)snprintf(out, size, "%.*s", (int)strcspn(text, ","), text);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

enum supabase server_address_supabase(const char *host, const char *port)
{
    if (ends_with(host, ".pooler.supabase.com"))
        return strcmp(port, "6543") == 0 ? SUPABASE_TRANSACTION : SUPABASE_SESSION;
    if (ends_with(host, ".supabase.co"))
        return strcmp(port, "6543") == 0 ? SUPABASE_TRANSACTION : SUPABASE_DIRECT;
    return SUPABASE_NOT;
}

static bool is_local(const char *host)
{
    return host[0] == '\0' || host[0] == '/' || host[0] == '@' || strcmp(host, "localhost") == 0 ||
           strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
}

/* What the environment and the service file tell; NULL: no memory. libpq looks into that file only for the service of the
 * environment, so the one that the connection string names stands there meanwhile: nobody else is at work yet. */
static PQconninfoOption *defaults(const char *service)
{
    const char *was = getenv("PGSERVICE");
    char *keep = was != NULL ? strdup(was) : NULL;
    PQconninfoOption *all = NULL;

    if (service == NULL || (was != NULL && keep == NULL)) {
        free(keep);
        return service == NULL ? PQconndefaults() : NULL;
    }
    if (setenv("PGSERVICE", service, 1) == 0)
        all = PQconndefaults();
    (void)(keep != NULL ? setenv("PGSERVICE", keep, 1) : unsetenv("PGSERVICE"));
    free(keep);
    return all;
}

enum err_code server_address_read(struct server_address *a, const char *conninfo, struct err *e)
{
    static const char *const names[] = {"host", "port", "sslmode"};
    PQconninfoOption *given = conninfo != NULL ? PQconninfoParse(conninfo, NULL) : NULL;
    PQconninfoOption *others = defaults(value(given, "service"));
    char *const outs[] = {a->host, a->port, a->sslmode};
    const size_t sizes[] = {sizeof a->host, sizeof a->port, sizeof a->sslmode};
    enum err_code rc = OK;

    *a = (struct server_address){0};
    if (conninfo != NULL && given == NULL)
        rc = err_set(e, ERR_CONFIG, "the database's connection string cannot be read");
    else if (others == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = 0; rc == OK && i < sizeof names / sizeof *names; i++) {
        const char *text = value(given, names[i]);
        copy_first(outs[i], sizes[i], text != NULL ? text : value(others, names[i]));
    }
    if (a->host[0] == '\0') {
        const char *number = value(given, "hostaddr");
        copy_first(a->host, sizeof a->host, number != NULL ? number : value(others, "hostaddr"));
    }
    a->local = is_local(a->host);
    a->supabase = server_address_supabase(a->host, a->port);
    PQconninfoFree(given);
    PQconninfoFree(others);
    return rc;
}

void server_address_resolve(struct server_address *a)
{
    const struct addrinfo want = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    a->v4 = a->v6 = false;
    a->why[0] = '\0';
    if (a->host[0] == '\0' || a->host[0] == '/' || a->host[0] == '@')
        return; /* a socket */
    int rc = getaddrinfo(a->host, NULL, &want, &found);
    if (rc != 0) {
        (void)snprintf(a->why, sizeof a->why, "%s", gai_strerror(rc));
        return;
    }
    for (const struct addrinfo *i = found; i != NULL; i = i->ai_next) {
        a->v4 |= i->ai_family == AF_INET;
        a->v6 |= i->ai_family == AF_INET6;
    }
    freeaddrinfo(found);
}
