/* What PostgreSQL's errors mean for the loader, and their messages without the values they quote.
 */
#include "load/address/db_conninfo.h"
#include "load/database/db_decide.h"
#include "load/database/db_private.h"
#include <ctype.h>
#include <string.h>

static void set_state(struct err *e, enum db_phase phase, const char *sqlstate)
{
    memcpy(e->sqlstate, sqlstate, 5);
    e->sqlstate[5] = '\0';
    e->code = db_decide(phase, e).code;
}

static bool is_set(const PGconn *c, const char *name, const char *value)
{
    const char *found = PQparameterStatus(c, name);

    return found != NULL && strcmp(found, value) == 0;
}

/* Adds to the message that somebody has set transactions to read-only. If the server is a standby, that is not added, since it may pass by
 * itself. The server reports both since PostgreSQL 14. */
static void tell_setting(struct err *e, const PGconn *c)
{
    struct err plain = *e;

    if (strcmp(e->sqlstate, "25006") != 0 || !is_set(c, "in_hot_standby", "off") ||
        !is_set(c, "default_transaction_read_only", "on"))
        return;
    err_set(e, plain.code, "%.700s; " DB_READ_ONLY, plain.msg);
    set_state(e, DB_PHASE_MAINTENANCE, plain.sqlstate);
}

/* Only the primary message: DETAIL and CONTEXT quote rows. */
enum err_code db_err_result(struct err *e, const PGresult *r, const PGconn *c)
{
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

    *e = ERR_INIT;
    err_set(e, ERR_UNAVAILABLE, "the database says: %s",
            text != NULL ? text : "nothing that libpq understands");
    if (state != NULL && strlen(state) == 5) {
        set_state(e, DB_PHASE_MAINTENANCE, state);
        db_path_hint(e, r);
        tell_setting(e, c);
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

/* Joins the lines of libpq's message into one, without those that verbosity adds. */
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

static void conn_error(struct err *e, const PGconn *c, const char *what)
{
    const char *text = c != NULL ? PQerrorMessage(c) : "out of memory";
    char line[800];

    one_line(text, line, sizeof line);
    *e = ERR_INIT;
    err_set(e, ERR_UNAVAILABLE, "%s: %s", what, line[0] != '\0' ? line : "libpq gives no reason");
}

enum err_code db_err_conn(struct err *e, const PGconn *c, const char *what)
{
    char state[6];

    conn_error(e, c, what);
    if (c != NULL && find_state(PQerrorMessage(c), state))
        set_state(e, DB_PHASE_MAINTENANCE, state);
    return e->code;
}

enum err_code db_err_connect(struct err *e, const PGconn *c)
{
    const char *advice;
    char state[6];

    conn_error(e, c, "cannot connect to the database");
    if (c == NULL)
        return e->code;
    if (find_state(PQerrorMessage(c), state)) {
        set_state(e, DB_PHASE_CONNECT, state);
        return e->code;
    }
    if (PQstatus(c) == CONNECTION_BAD && PQconnectionNeedsPassword(c)) {
        e->code = ERR_DENIED;
        return e->code;
    }
    e->code = db_failure_code(PQerrorMessage(c));
    if ((advice = db_failure_advice(PQerrorMessage(c))) != NULL) {
        struct err plain = *e;
        err_set(e, plain.code, "%.700s; %s", plain.msg, advice);
    }
    return e->code;
}
