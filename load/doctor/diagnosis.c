#include "load/doctor/diagnosis.h"
#include "load/database/sql.h"
#include "load/target/target_table.h"
#include "shared/base/table_names.h"
#include <stdlib.h>
#include <string.h>

#define OLDEST   120000 /* materialized CTEs; the tests run with 15 and newer */
#define SHORT_MS 10000  /* a statement limit below which batches are bound to be small */
#define POOLER_HINT                                                                                \
    "Supabase's pooler, aws-...-REGION.pooler.supabase.com with the user postgres.PROJECT, is "    \
    "reached over IPv4: port 5432 for session mode, 6543 for transaction mode"
#define CA_HINT                                                                                    \
    "sslmode=verify-full with sslrootcert=FILE proves whom one talks to (Supabase: the file is "   \
    "under Database Settings, SSL Configuration)"

#define OKAY(f, about, ...)        findings_add(f, FINDING_OK, OK, about, __VA_ARGS__)
#define CHANGE(f, about, ...)      findings_add(f, FINDING_CHANGE, OK, about, __VA_ARGS__)
#define WRONG(f, code, about, ...) findings_add(f, FINDING_WRONG, code, about, __VA_ARGS__)

static bool only_v6(const struct server_address *a)
{
    return a->v6 && !a->v4;
}

void diagnose_address(struct findings *f, const struct server_address *a)
{
    const char *hint = a->supabase == SUPABASE_DIRECT
                           ? POOLER_HINT
                           : "an address with IPv4 is reached from anywhere";

    if (a->why[0] != '\0')
        WRONG(f, ERR_UNAVAILABLE, "address", "%s does not resolve: %s; look at its spelling",
              a->host, a->why);
    else if (only_v6(a))
        CHANGE(f, "address",
               "%s has IPv6 addresses only, which a network or container without IPv6 does not "
               "reach; %s",
               a->host, hint);
    else if (a->v4)
        OKAY(f, "address", "%s, port %s%s", a->host, a->port, a->v6 ? ", IPv4 and IPv6" : "");
    else
        OKAY(f, "address", "a socket on this machine");
}

/* libpq has no codes for these. */
static bool is_about_tls(const char *text)
{
    static const char *const words[] = {"certificate", "SSL", "sslmode", "TLS"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(text, words[i]) != NULL)
            return true;
    return false;
}

void diagnose_no_connection(struct findings *f, const struct server_address *a,
                            const struct err *err)
{
    if (err->sqlstate[0] == '\0' && is_about_tls(err->msg))
        WRONG(f, ERR_CONFIG, "TLS", "%s; " CA_HINT, err->msg);
    else if (err->code == ERR_DENIED)
        WRONG(f, ERR_DENIED, "connection", "%s; look at user, password and database%s", err->msg,
              a->supabase == SUPABASE_SESSION || a->supabase == SUPABASE_TRANSACTION
                  ? ": the pooler's user is postgres.PROJECT"
                  : "");
    else if (only_v6(a))
        WRONG(f, err->code, "connection",
              "%s; the host has IPv6 only, and this machine may have none%s", err->msg,
              a->supabase == SUPABASE_DIRECT ? ": " POOLER_HINT : "");
    else
        WRONG(f, err->code, "connection", "%s", err->msg);
}

void diagnose_tls(struct findings *f, const struct server_address *a, bool tls)
{
    bool full = strcmp(a->sslmode, "verify-full") == 0;

    if (tls && full)
        OKAY(f, "TLS", "on, and the server's certificate is verified");
    else if (tls)
        CHANGE(f, "TLS",
               "on with sslmode=%s, which anybody in between can pass for the server; " CA_HINT,
               a->sslmode);
    else if (a->local)
        OKAY(f, "TLS", "off, on this machine");
    else
        CHANGE(f, "TLS", "off: the password and all records cross the network readable; " CA_HINT);
}

void diagnose_pooling(struct findings *f, const struct server_address *a, enum pooling pooling)
{
    static const char fine[] = "netty-load needs nothing of a session, so this is fine";

    if (pooling == POOLING_STATEMENT)
        WRONG(
            f, ERR_CONFIG, "pooler",
            "one in statement mode, through which no transaction goes; pool_mode = transaction in "
            "pgbouncer's settings of this database, or the address of PostgreSQL itself");
    else if (pooling == POOLING_TRANSACTION ||
             (pooling == POOLING_SOME && a->supabase == SUPABASE_TRANSACTION))
        OKAY(f, "pooler", "one in transaction mode; %s", fine);
    else if (pooling == POOLING_SOME && a->supabase == SUPABASE_SESSION)
        OKAY(f, "pooler", "one in session mode; each connection (--jobs) takes one of the pool's");
    else if (pooling == POOLING_SOME)
        OKAY(f, "pooler", "one whose mode did not show (session mode, or a busy pool); %s", fine);
    else
        OKAY(f, "pooler", "none: PostgreSQL itself");
}

/* ---- the session ---- */

static const char *text(const PGresult *r, const char *column)
{
    int n = PQfnumber(r, column);

    return n >= 0 && PQntuples(r) == 1 ? PQgetvalue(r, 0, n) : "";
}

static int64_t number(const PGresult *r, const char *column)
{
    return strtoll(text(r, column), NULL, 10);
}

static bool yes(const PGresult *r, const char *column)
{
    return strcmp(text(r, column), "t") == 0;
}

static void diagnose_time_limit(struct findings *f, const PGresult *r)
{
    int64_t ms = number(r, "time_limit_ms");

    if (ms == 0)
        OKAY(f, "time limit", "none for statements");
    else if (ms < SHORT_MS)
        CHANGE(f, "time limit",
               "%s for a statement, so that batches will be small and slow; "
               "ALTER ROLE \"%s\" SET statement_timeout = '2min'",
               text(r, "time_limit"), text(r, "role"));
    else
        OKAY(f, "time limit", "%s for a statement; batches that take longer are halved",
             text(r, "time_limit"));
}

void diagnose_server(struct findings *f, const PGresult *r)
{
    if (number(r, "version_num") < OLDEST)
        WRONG(f, ERR_CONFIG, "server", "PostgreSQL %s; 12 is the oldest that netty-load knows",
              text(r, "version"));
    else
        OKAY(f, "server", "PostgreSQL %s", text(r, "version"));
    if (strcmp(text(r, "encoding"), "UTF8") != 0)
        CHANGE(f, "encoding",
               "the database is in %s, and records are UTF-8: those with other characters will "
               "become dead letters; a database made with ENCODING 'UTF8' takes all",
               text(r, "encoding"));
    diagnose_time_limit(f, r);
    if (yes(r, "standby"))
        WRONG(f, ERR_CONFIG, "writing",
              "the server is a standby, which takes no writes; give the primary's address, or "
              "several with target_session_attrs=read-write");
    else if (yes(r, "read_only"))
        WRONG(f, ERR_CONFIG, "writing",
              "transactions are read-only; ALTER ROLE \"%s\" RESET default_transaction_read_only, "
              "and look at the database's setting too",
              text(r, "role"));
    else
        OKAY(f, "writing", "possible");
}

bool diagnosis_may_write(const PGresult *r)
{
    return !yes(r, "standby") && !yes(r, "read_only");
}

bool diagnosis_keeps_progress(const PGresult *r)
{
    return yes(r, "progress_there") && yes(r, "may_keep_progress");
}

void diagnose_rights(struct findings *f, const PGresult *r)
{
    const char *role = text(r, "role");
    const char *database = text(r, "database");

    if (yes(r, "may_keep_progress"))
        OKAY(f, "netty_sync", "%s",
             yes(r, "progress_there") ? "is there, and open to this role"
                                      : "is not there yet; the first load makes it");
    else if (yes(r, "progress_there"))
        WRONG(f, ERR_DENIED, "netty_sync",
              "the bookkeeping is closed to this role; GRANT USAGE ON SCHEMA netty_sync TO \"%s\"; "
              "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA netty_sync TO \"%s\"",
              role, role);
    else if (yes(r, "schema_there"))
        WRONG(f, ERR_DENIED, "netty_sync",
              "the schema netty_sync has no bookkeeping, and this role may not make it; GRANT "
              "USAGE, CREATE ON SCHEMA netty_sync TO \"%s\"; or let an administrator run "
              "netty-load once",
              role);
    else
        WRONG(f, ERR_DENIED, "netty_sync",
              "the bookkeeping is not there, and this role may not make it; GRANT CREATE ON "
              "DATABASE \"%s\" TO \"%s\"; or let an administrator run netty-load once",
              database, role);
    if (!yes(r, "may_use_temporary"))
        WRONG(f, ERR_DENIED, "permissions",
              "large batches need temporary tables; GRANT TEMPORARY ON DATABASE \"%s\" TO \"%s\"",
              database, role);
}

/* ---- tables ---- */

static bool asked(const struct doctor_conf *conf, const char *table)
{
    for (size_t i = 0; i < conf->count; i++)
        if (strcmp(conf->tables[i], table) == 0)
            return true;
    return conf->count == 0;
}

void diagnose_key(struct findings *f, const PGresult *list, int row, enum spool_key seen)
{
    const char *table = PQgetvalue(list, row, LIST_TABLE);
    const char *key = PQgetvalue(list, row, LIST_KEY);
    bool missing = seen == SPOOL_KEY_MISSING;
    char usual[NAMES_TABLE_MAX + 8];

    names_key(table, usual);
    if (!missing && (seen == SPOOL_KEY_FOUND || strcmp(key, "id") != 0))
        return;
    findings_add(
        f, missing ? FINDING_WRONG : FINDING_CHANGE, missing ? ERR_CONFIG : OK, table,
        "the key column is %s, so that each record's key is looked for in a member of that "
        "name; %s; ALTER TABLE \"%s\".\"%s\" RENAME COLUMN %s TO %s",
        key,
        missing ? "the spool's records have none, and none would be loaded"
                : "where Netty calls it otherwise all records become dead letters",
        PQgetvalue(list, row, LIST_SCHEMA), PQgetvalue(list, row, LIST_RELATION), key, usual);
}

static void diagnose_table(struct findings *f, const PGresult *list, int row)
{
    const char *table = PQgetvalue(list, row, LIST_TABLE);

    if (!PQgetisnull(list, row, LIST_PROBLEM)) {
        bool denied = strcmp(PQgetvalue(list, row, LIST_DENIED), "t") == 0;
        WRONG(f, denied ? ERR_DENIED : ERR_CONFIG, table, "netty-%s %s", table,
              PQgetvalue(list, row, LIST_PROBLEM));
        return;
    }
    OKAY(f, table, "key %s (%s)", PQgetvalue(list, row, LIST_KEY),
         PQgetvalue(list, row, LIST_KEY_TYPE));
    if (strcmp(PQgetvalue(list, row, LIST_RLS), "t") == 0)
        CHANGE(f, table,
               "row-level security hides rows of netty-%s from this role, and their changes cannot "
               "be loaded; use its owner or a role with BYPASSRLS",
               table);
}

static bool listed(const PGresult *list, const char *table)
{
    for (int i = 0; i < PQntuples(list); i++)
        if (strcmp(PQgetvalue(list, i, LIST_TABLE), table) == 0)
            return true;
    return false;
}

static void diagnose_missing(struct findings *f, const struct doctor_conf *conf,
                             const PGresult *session, const char *table)
{
    const char *schema = text(session, "first_schema");
    const char *wanted = conf->schema != NULL ? conf->schema : "";

    if (schema[0] == '\0' && *wanted != '\0')
        WRONG(f, ERR_CONFIG, table, "there is no schema %s; CREATE SCHEMA \"%s\"", wanted, wanted);
    else if (!conf->create)
        WRONG(f, ERR_CONFIG, table,
              "the database has no table netty-%s %s%s; create it, or run with --create-tables",
              table, *wanted != '\0' ? "in the schema " : "that search_path shows", wanted);
    else if (schema[0] == '\0')
        WRONG(f, ERR_CONFIG, table,
              "no schema of search_path exists to create netty-%s in; name one with --schema",
              table);
    else if (!yes(session, "may_create_table"))
        WRONG(f, ERR_DENIED, table,
              "netty-%s cannot be created; GRANT CREATE ON SCHEMA \"%s\" TO \"%s\"", table, schema,
              text(session, "role"));
    else
        OKAY(f, table, "netty-%s is to be created in the schema %s", table, schema);
}

void diagnose_tables(struct findings *f, const struct doctor_conf *conf, const PGresult *session,
                     const PGresult *list)
{
    /* An archive of netty-load's is spoken of only where somebody takes it for a table of the API's. */
    for (int i = 0; i < PQntuples(list); i++)
        if (asked(conf, PQgetvalue(list, i, LIST_TABLE)) &&
            (conf->count > 0 || strcmp(PQgetvalue(list, i, LIST_ARCHIVE), "t") != 0))
            diagnose_table(f, list, i);
    for (size_t i = 0; i < conf->count; i++)
        if (!listed(list, conf->tables[i]))
            diagnose_missing(f, conf, session, conf->tables[i]);
    if (conf->count == 0 && PQntuples(list) == 0)
        CHANGE(f, "tables",
               "search_path shows no netty-* table; create them, or run netty-load with "
               "--create-tables");
}

bool diagnosis_may_try(const struct doctor_conf *conf, const PGresult *list, int row)
{
    return asked(conf, PQgetvalue(list, row, LIST_TABLE)) && PQgetisnull(list, row, LIST_PROBLEM);
}

void diagnose_access(struct findings *f, const struct doctor_conf *conf, const PGresult *r)
{
    for (int i = 0; i < PQntuples(r); i++)
        if (asked(conf, PQgetvalue(r, i, 0)))
            findings_add(f, strcmp(PQgetvalue(r, i, 1), "ok") == 0 ? FINDING_OK : FINDING_CHANGE,
                         OK, PQgetvalue(r, i, 0), "%s", PQgetvalue(r, i, 2));
}

void diagnose_hints(struct findings *f, const struct doctor_conf *conf, const PGresult *hints)
{
    for (int i = 0; i < PQntuples(hints); i++)
        if (asked(conf, PQgetvalue(hints, i, 0)))
            CHANGE(f, PQgetvalue(hints, i, 0), "%s", PQgetvalue(hints, i, 1));
}
