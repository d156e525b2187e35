/* What PostgreSQL's errors mean for the loader, and their messages without the values they quote.
 */
#include "load/database/db_private.h"
#include <ctype.h>
#include <string.h>

struct rule {
    const char *state; /* a SQLSTATE, or how it begins; the first that fits counts */
    enum db_trouble trouble;
};

static const struct rule rules[] = {
    {"08", DB_AGAIN},        /* the connection */
    {"57014", DB_TOO_SLOW},  /* statement_timeout, or cancelled by hand */
    {"57P04", DB_FORBIDDEN}, /* the database was dropped */
    {"57", DB_AGAIN},        /* shutting down, crashed, starting */
    {"40002", DB_BAD_ROW},   /* a deferred constraint */
    {"40", DB_AGAIN},        /* serialization, deadlock */
    {"53", DB_AGAIN},        /* disk full, memory, too many connections */
    {"58", DB_AGAIN},        /* its disk fails */
    {"72", DB_AGAIN},        /* snapshot too old */
    {"25006", DB_AGAIN},     /* a standby: the primary is being changed */
    {"25P03", DB_AGAIN},     /* idle in a transaction for too long */
    {"25P04", DB_TOO_SLOW},  /* transaction_timeout */
    {"26", DB_AGAIN},        /* a pooler gave us another's session */
    {"42P05", DB_AGAIN},     /* likewise */
    {"55P03", DB_TOO_SLOW},  /* lock_timeout */
    {"55006", DB_AGAIN},     /* in use */
    {"55", DB_NO_TABLE},     /* a view without rules, say */
    {"XX000", DB_AGAIN},     /* what poolers say when they have no server */
    {"22", DB_BAD_ROW},      {"23", DB_BAD_ROW},   {"27", DB_BAD_ROW},
    {"38", DB_BAD_ROW},      {"39", DB_BAD_ROW},   {"44", DB_BAD_ROW},
    {"54", DB_BAD_ROW},      {"P0", DB_BAD_ROW}, /* a trigger's own word */
    {"42501", DB_FORBIDDEN}, {"28", DB_FORBIDDEN}, {"3D", DB_FORBIDDEN},
    {"0L", DB_FORBIDDEN},    {"0P", DB_FORBIDDEN}, {"42601", DB_FAULT},
    {"42P02", DB_FAULT},     {"42", DB_NO_TABLE}, /* gone, or of another shape */
    {"3F", DB_NO_TABLE},     {"0A", DB_NO_TABLE},
};

enum db_trouble db_classify(const struct err *err)
{
    if (err->sqlstate[0] != '\0') {
        for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
            if (strncmp(err->sqlstate, rules[i].state, strlen(rules[i].state)) == 0)
                return rules[i].trouble;
        return DB_FAULT;
    }
    if (err->code == ERR_UNAVAILABLE)
        return DB_AGAIN;
    if (err->code == ERR_DENIED || err->code == ERR_CONFIG)
        return DB_FORBIDDEN;
    return DB_FAULT;
}

static enum err_code code_of(enum db_trouble trouble)
{
    switch (trouble) {
    case DB_AGAIN:
    case DB_TOO_SLOW:
        return ERR_UNAVAILABLE;
    case DB_BAD_ROW:
        return ERR_DATA;
    case DB_NO_TABLE:
        return ERR_REFUSED;
    case DB_FORBIDDEN:
        return ERR_DENIED;
    case DB_FAULT:
        break;
    }
    return ERR_INTERNAL;
}

static void set_state(struct err *e, const char *sqlstate)
{
    memcpy(e->sqlstate, sqlstate, 5);
    e->sqlstate[5] = '\0';
    e->code = code_of(db_classify(e));
}

/* Only the primary message: DETAIL and CONTEXT quote rows. */
enum err_code db_err_result(struct err *e, const PGresult *r)
{
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

    *e = ERR_INIT;
    err_set(e, ERR_UNAVAILABLE, "the database says: %s",
            text != NULL ? text : "nothing that libpq understands");
    if (state != NULL && strlen(state) == 5) {
        set_state(e, state);
        db_path_hint(e, r);
    } else if (PQresultStatus(r) == PGRES_FATAL_ERROR && text == NULL) {
        /* libpq's own: the connection broke. */
        const char *own = PQresultErrorMessage(r);
        err_set(e, ERR_UNAVAILABLE, "lost the database: %.*s", (int)strcspn(own, "\n"), own);
    }
    return e->code;
}

/* libpq tells the SQLSTATE of a refused connection only within a verbose message: "FATAL:  28P01:
 * ...". */
static bool find_state(const char *text, char out[6])
{
    bool found = false;

    for (const char *p = strstr(text, ":  "); p != NULL; p = strstr(p + 3, ":  ")) {
        size_t n = 0;
        while (n < 5 && (isupper((unsigned char)p[3 + n]) || isdigit((unsigned char)p[3 + n])))
            n++;
        if (n == 5 && p[8] == ':') {
            memcpy(out, p + 3, 5);
            out[5] = '\0';
            found = true; /* of several hosts the last one's */
        }
    }
    return found;
}

/* The lines of libpq's message, less those that verbosity adds, in one. */
static void one_line(const char *text, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        const char *line = text;
        while (n > 0 && isspace((unsigned char)*line)) {
            line++;
            n--;
        }
        bool skip =
            n == 0 || strncmp(line, "LOCATION:", 9) == 0 || strncmp(line, "DETAIL:", 7) == 0;
        if (!skip && len + n + 3 < size) {
            if (len > 0) {
                memcpy(out + len, "; ", 2);
                len += 2;
            }
            memcpy(out + len, line, n);
            len += n;
            out[len] = '\0';
        }
        text = line + n;
        text += *text == '\n';
    }
}

enum err_code db_err_conn(struct err *e, const PGconn *c, const char *what)
{
    const char *text = c != NULL ? PQerrorMessage(c) : "out of memory";
    char line[800];
    char state[6];

    one_line(text, line, sizeof line);
    *e = ERR_INIT;
    err_set(e, ERR_UNAVAILABLE, "%s: %s", what, line[0] != '\0' ? line : "libpq gives no reason");
    if (find_state(text, state))
        set_state(e, state);
    else if (c != NULL && (PQconnectionNeedsPassword(c) || PQconnectionUsedPassword(c)) &&
             PQstatus(c) == CONNECTION_BAD && PQconnectionNeedsPassword(c))
        e->code = ERR_DENIED;
    return e->code;
}
