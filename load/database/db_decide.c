#include "load/database/db_decide.h"
#include <string.h>
#include <strings.h>

#define IN(phase)   (1u << (phase))
#define CONNECT     IN(DB_PHASE_CONNECT)
#define BOOKKEEPING IN(DB_PHASE_BOOKKEEPING)
#define QUESTION    IN(DB_PHASE_QUESTION)
#define LOADING     (IN(DB_PHASE_ROWS) | IN(DB_PHASE_COMMIT))
#define MAINTENANCE IN(DB_PHASE_MAINTENANCE)
#define OTHERS      (BOOKKEEPING | MAINTENANCE)
#define WORKING     (BOOKKEEPING | QUESTION | LOADING | MAINTENANCE)

struct rule {
    unsigned phases;
    const char *state; /* a SQLSTATE, or how it begins */
    struct db_decision decision;
};

#define PASSES(how)                                                                                \
    {                                                                                              \
        (how), DB_STOP, ERR_UNAVAILABLE, false, false                                              \
    }
#define PASSES_OR_ROWS(how)                                                                        \
    {                                                                                              \
        (how), DB_ISOLATE, ERR_UNAVAILABLE, false, false                                           \
    }
#define ENDS(code)                                                                                 \
    {                                                                                              \
        DB_END, DB_END, (code), false, false                                                       \
    }
#define STOPS(code)                                                                                \
    {                                                                                              \
        DB_STOP, DB_STOP, (code), false, false                                                     \
    }
#define ROWS(code)                                                                                 \
    {                                                                                              \
        DB_ISOLATE, DB_STOP, (code), false, false                                                  \
    }
#define CONTENT                                                                                    \
    {                                                                                              \
        DB_ISOLATE, DB_STOP, ERR_CONFIG, false, true                                               \
    }
#define SHAPE(then)                                                                                \
    {                                                                                              \
        DB_LOOK_AGAIN, (then), ERR_CONFIG, false, false                                            \
    }
#define WITHOUT(code)                                                                              \
    {                                                                                              \
        DB_PLAIN, DB_STOP, (code), false, false                                                    \
    }
#define LOCKED                                                                                     \
    {                                                                                              \
        DB_WAIT, DB_STOP, ERR_UNAVAILABLE, true, false                                             \
    }
#define LIMITED(then)                                                                              \
    {                                                                                              \
        DB_SMALLER, (then), ERR_UNAVAILABLE, false, false                                          \
    }

/* The first rule that fits counts. Each phase ends with a rule for all other errors. */
static const struct rule rules[] = {
    /* Connecting: a wrong user, password or tenant is 77, what passes by itself 69, all else 78. */
    {CONNECT, "28", ENDS(ERR_DENIED)},
    {CONNECT, "42501", ENDS(ERR_DENIED)}, /* no CONNECT on the database */
    {CONNECT, "0L", ENDS(ERR_DENIED)},
    {CONNECT, "0P", ENDS(ERR_DENIED)},
    {CONNECT, "57P04", ENDS(ERR_CONFIG)},
    {CONNECT, "57", PASSES(DB_RECONNECT)},
    {CONNECT, "08", PASSES(DB_RECONNECT)},
    {CONNECT, "53", PASSES(DB_RECONNECT)},
    {CONNECT, "58", PASSES(DB_RECONNECT)},
    {CONNECT, "40", PASSES(DB_RECONNECT)},
    {CONNECT, "55006", PASSES(DB_RECONNECT)},
    {CONNECT, "55P03", PASSES(DB_RECONNECT)},
    {CONNECT, "25006", PASSES(DB_RECONNECT)}, /* a standby: the primary is being changed */
    {CONNECT, "25P", PASSES(DB_RECONNECT)},
    {CONNECT, "26", PASSES(DB_RECONNECT)},
    {CONNECT, "XX000", PASSES(DB_RECONNECT)}, /* what poolers say when they have no server */
    {CONNECT, "", ENDS(ERR_CONFIG)},

    /* Locks: whatever the phase. */
    {WORKING, "55P03", LOCKED},

    /* What passes by itself. A trigger may say so of one row for ever: then that row is looked for. */
    {LOADING, "40002", CONTENT}, /* a deferred constraint */
    {OTHERS, "40", PASSES(DB_WAIT)},
    {QUESTION | LOADING, "40", PASSES_OR_ROWS(DB_WAIT)}, /* serialization, deadlock */
    {OTHERS, "57014", LIMITED(DB_STOP)},
    {QUESTION | LOADING, "57014", LIMITED(DB_ISOLATE)},
    {OTHERS, "25P04", LIMITED(DB_STOP)},
    {QUESTION | LOADING, "25P04", LIMITED(DB_ISOLATE)},
    {OTHERS, "57P04", STOPS(ERR_CONFIG)}, /* the database was dropped */
    {QUESTION, "57P04", WITHOUT(ERR_CONFIG)},
    {LOADING, "57P04", ROWS(ERR_CONFIG)},
    {OTHERS, "08", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "08", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "57", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "57", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "53", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "53", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "58", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "58", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "72", PASSES(DB_WAIT)},
    {QUESTION | LOADING, "72", PASSES_OR_ROWS(DB_WAIT)}, /* snapshot too old */
    {OTHERS, "55006", PASSES(DB_WAIT)},
    {QUESTION | LOADING, "55006", PASSES_OR_ROWS(DB_WAIT)}, /* in use */
    {OTHERS, "25006", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "25006", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "25P03", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "25P03", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "26", PASSES(DB_RECONNECT)}, /* a pooler gave us another's session */
    {QUESTION | LOADING, "26", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "42P05", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "42P05", PASSES_OR_ROWS(DB_RECONNECT)},
    {OTHERS, "XX000", PASSES(DB_RECONNECT)},
    {QUESTION | LOADING, "XX000", PASSES_OR_ROWS(DB_RECONNECT)},

    /* What the table, or the database, has against it. */
    {OTHERS, "XX00", STOPS(ERR_IO)}, /* damaged pages */
    {QUESTION, "XX00", WITHOUT(ERR_IO)},
    {LOADING, "XX00", ROWS(ERR_IO)},
    {OTHERS, "42501", STOPS(ERR_DENIED)},
    {QUESTION, "42501", WITHOUT(ERR_DENIED)},
    {LOADING, "42501", ROWS(ERR_DENIED)},
    {OTHERS, "28", STOPS(ERR_DENIED)},
    {OTHERS, "0L", STOPS(ERR_DENIED)},
    {OTHERS, "0P", STOPS(ERR_DENIED)},
    {OTHERS, "42601", STOPS(ERR_INTERNAL)}, /* our own SQL */
    {OTHERS, "42P02", STOPS(ERR_INTERNAL)},
    {OTHERS, "25P02", STOPS(ERR_INTERNAL)},
    {BOOKKEEPING, "42", SHAPE(DB_STOP)},
    {BOOKKEEPING, "3F", SHAPE(DB_STOP)},
    {QUESTION | LOADING, "42", SHAPE(DB_ISOLATE)},
    {QUESTION | LOADING, "3F", SHAPE(DB_ISOLATE)},
    {QUESTION | LOADING, "0A", SHAPE(DB_ISOLATE)},
    {QUESTION | LOADING, "55", SHAPE(DB_ISOLATE)},
    {QUESTION | LOADING, "22P03", SHAPE(DB_ISOLATE)},
    {LOADING,
     "23502",
     {DB_LOOK_AGAIN, DB_ISOLATE, ERR_CONFIG, false, true}}, /* a new column without default? */
    {LOADING, "22", CONTENT},
    {LOADING, "23", CONTENT},
    {LOADING, "27", CONTENT},
    {LOADING, "38", CONTENT},
    {LOADING, "39", CONTENT},
    {LOADING, "44", CONTENT},
    {LOADING, "54", CONTENT},
    {LOADING, "P0", CONTENT}, /* a trigger's own word */
    {MAINTENANCE, "22", STOPS(ERR_DATA)},
    {MAINTENANCE, "23", STOPS(ERR_DATA)},
    {MAINTENANCE, "44", STOPS(ERR_DATA)},
    {MAINTENANCE, "P0", STOPS(ERR_DATA)},
    {QUESTION, "", WITHOUT(ERR_CONFIG)},
    {LOADING, "", ROWS(ERR_CONFIG)},
    {WORKING, "", STOPS(ERR_CONFIG)},
};

/* Errors of poolers, and of the server, that only their words tell apart. In small letters. */
struct saying {
    unsigned phases;
    const char *state;
    const char *words;
    struct db_decision decision;
    const char *advice;
};

#define OF_USER                                                                                    \
    "look at user and password, and at the tenant in the user's name (Supabase: postgres.PROJECT)"

static const struct saying sayings[] = {
    {CONNECT, "XX000", "tenant", ENDS(ERR_DENIED), OF_USER}, /* "... or user not found" */
    {CONNECT, "XX000", "user not found", ENDS(ERR_DENIED), OF_USER},
    {CONNECT, "XX000", "enotfound", ENDS(ERR_DENIED), OF_USER},
    {CONNECT, "XX000", "allow_list", ENDS(ERR_DENIED),
     "allow this machine's address in the project's network restrictions"},
    {CONNECT, "XX000", "allow list", ENDS(ERR_DENIED),
     "allow this machine's address in the project's network restrictions"},
    {CONNECT, "XX000", "wrong password", ENDS(ERR_DENIED), OF_USER},
    {CONNECT, "XX000", "password authentication failed", ENDS(ERR_DENIED), OF_USER},
    {CONNECT, "XX000", "state was authentication", ENDS(ERR_DENIED), OF_USER},
    {CONNECT, "XX000", "too many authentication", ENDS(ERR_DENIED), OF_USER},
    {CONNECT, "XX000", "ssl connection is required", ENDS(ERR_CONFIG), "add sslmode=require"},
    {CONNECT, "08P01", "password authentication failed", ENDS(ERR_DENIED),
     "look at user and password"},
    {CONNECT, "08P01", "sasl authentication failed", ENDS(ERR_DENIED), "look at user and password"},
    {CONNECT, "08P01", "auth failed", ENDS(ERR_DENIED), "look at user and password"},
    {CONNECT, "08P01", "authentication failed", ENDS(ERR_DENIED), "look at user and password"},
    {CONNECT, "08P01", "no such user", ENDS(ERR_DENIED), "look at user and password"},
    {CONNECT, "08P01", "login rejected", ENDS(ERR_DENIED), "look at user and password"},
    {CONNECT, "08P01", "wrong password", ENDS(ERR_DENIED), "look at user and password"},
    {CONNECT, "08P01", "no such database", ENDS(ERR_CONFIG),
     "look at the database's name, and at the pooler's list of databases"},
    {CONNECT, "08P01", "unsupported startup parameter", ENDS(ERR_CONFIG),
     "the pooler takes no such setting: leave it out of the address (options=...), and set it with "
     "ALTER ROLE"},
    {CONNECT, "08P01", "ssl required", ENDS(ERR_CONFIG), "add sslmode=require"},
    {CONNECT, "08P01", "tls required", ENDS(ERR_CONFIG), "add sslmode=require"},
    {CONNECT, "08P01", "is disabled", ENDS(ERR_CONFIG), "look at the pooler's list of databases"},
    {CONNECT, "08P01", "not allowed", ENDS(ERR_CONFIG), "look at the pooler's settings"},
    {WORKING, "08P01", "statement pooling mode", ENDS(ERR_CONFIG),
     "pool_mode = transaction in the pooler's settings of this database, or PostgreSQL's own "
     "address"},
    {WORKING, "25006", DB_READ_ONLY, STOPS(ERR_CONFIG),
     "look why somebody has set that (Supabase does when the disk is nearly full), then ALTER ROLE "
     "... RESET default_transaction_read_only, ALTER DATABASE too"},
    /* A value of another width than the column's; else it is a pooler's that has lost its server. */
    {QUESTION | LOADING, "08P01", "insufficient data left", SHAPE(DB_ISOLATE), NULL},
    {QUESTION | LOADING, "08P01", "invalid message format", SHAPE(DB_ISOLATE), NULL},
};

static bool says(const char *msg, const char *words)
{
    size_t n = strlen(words);

    for (; *msg != '\0'; msg++)
        if (strncasecmp(msg, words, n) == 0)
            return true;
    return false;
}

static const struct saying *saying_of(enum db_phase phase, const struct err *err)
{
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++)
        if ((sayings[i].phases & IN(phase)) != 0 && strcmp(err->sqlstate, sayings[i].state) == 0 &&
            says(err->msg, sayings[i].words))
            return &sayings[i];
    return NULL;
}

/* Decides about an error without an SQLSTATE: libpq's, about a connection; or one of this program. */
static struct db_decision without_state(enum db_phase phase, const struct err *err)
{
    struct db_decision d = {DB_STOP, DB_STOP, err->code, false, false};

    if (err->code == ERR_UNAVAILABLE)
        d.action = DB_RECONNECT;
    if (phase == DB_PHASE_CONNECT)
        d.then = DB_END;
    if (d.action == DB_RECONNECT && (IN(phase) & (LOADING)) != 0)
        d.then = DB_ISOLATE; /* a server that a row makes crash says nothing */
    if (phase == DB_PHASE_CONNECT && d.action == DB_STOP)
        d.action = DB_END;
    return d;
}

struct db_decision db_decide(enum db_phase phase, const struct err *err)
{
    const struct saying *said = saying_of(phase, err);

    if (err->sqlstate[0] == '\0')
        return without_state(phase, err);
    if (said != NULL)
        return said->decision;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if ((rules[i].phases & IN(phase)) != 0 &&
            strncmp(err->sqlstate, rules[i].state, strlen(rules[i].state)) == 0) {
            struct db_decision d = rules[i].decision;
            if (phase == DB_PHASE_CONNECT)
                d.then = DB_END;
            return d;
        }
    return (struct db_decision){DB_STOP, DB_STOP, ERR_INTERNAL, false, false};
}

enum db_trouble db_trouble_of(enum db_phase phase, const struct err *err)
{
    struct db_decision d = db_decide(phase, err);

    if (d.action == DB_SMALLER || d.lock)
        return DB_TOO_SLOW;
    if (d.content)
        return DB_BAD_ROW;
    switch (d.code) {
    case ERR_UNAVAILABLE:
        return DB_AGAIN;
    case ERR_DENIED:
        return DB_FORBIDDEN;
    case ERR_CONFIG:
        return DB_NO_TABLE;
    case ERR_DATA:
        return DB_BAD_ROW;
    default:
        return DB_FAULT;
    }
}

/* ---- what to do about it ---- */

static const struct advice {
    unsigned phases;
    const char *state;
    const char *words; /* in the message, or NULL */
    const char *advice;
} advices[] = {
    {WORKING, "", "alter function", NULL}, /* db_path_hint.c has said it */
    {CONNECT, "28P01", NULL, "look at user and password"},
    {CONNECT, "28", NULL, "look at user and password, and at the server's pg_hba.conf"},
    {CONNECT, "3D000", NULL, "look at the database's name"},
    {CONNECT, "42501", NULL, "grant the role CONNECT on the database"},
    {CONNECT, "53300", NULL,
     "fewer connections (--jobs, --connections), or more for the role or the server"},
    {CONNECT, "22023", NULL, "look at the address's parameters, options above all"},
    {CONNECT, "42704", NULL, "look at the address's parameters, options above all"},
    {CONNECT, "55000", NULL, "the database takes no connections: look at its datallowconn"},
    {WORKING, "55P03", NULL, "look who holds a lock on the table (pg_blocking_pids)"},
    {WORKING, "57014", NULL, "give the role a longer statement_timeout"},
    {WORKING, "25P04", NULL, "give the role a longer transaction_timeout"},
    {BOOKKEEPING, "42501", NULL,
     "grant the role SELECT, INSERT, UPDATE and DELETE on all tables of netty_sync and USAGE on "
     "it"},
    {BOOKKEEPING, "0A", NULL,
     "look at netty_sync.progress, and its rules: nobody but netty-load should change it"},
    {BOOKKEEPING, "P0", NULL,
     "look at netty_sync.progress, its triggers, rules and policies: nobody but netty-load should "
     "change it; and at event triggers, which may forbid netty-load to make it"},
    {WORKING, "42P01", "netty_sync.",
     "a part of the bookkeeping was dropped: restore it, or DROP SCHEMA netty_sync CASCADE, then "
     "all that the spool holds is loaded again"},
    {LOADING | QUESTION, "", "replica identity",
     "ALTER TABLE ... REPLICA IDENTITY DEFAULT, or a primary key that the publication can use"},
    {LOADING | QUESTION, "", " rules",
     "drop the table's rules, or load into the table that they write to"},
    {LOADING | QUESTION, "42P17", NULL,
     "look at the table's policies: one of them reads the table itself"},
    {LOADING | QUESTION, "42501", "row-level security",
     "look at the table's policies, or use a role with BYPASSRLS"},
    {LOADING | QUESTION, "42501", NULL,
     "grant the role SELECT, INSERT and UPDATE on the table, and what its triggers need"},
    {LOADING | QUESTION, "42883", NULL,
     "look at the table's triggers and policies: one of them calls what search_path does not show"},
    {LOADING | QUESTION, "42P01", NULL,
     "look at the table's triggers and policies, where the table itself is there"},
    {LOADING | QUESTION, "XX00", NULL,
     "the database's files are damaged: look at the server's log and restore"},
    {LOADING | QUESTION, "22", NULL,
     "all rows fail so: look at the table's columns, triggers and constraints"},
    {LOADING | QUESTION, "23", NULL,
     "all rows fail so: look at the table's constraints and triggers"},
    {LOADING | QUESTION, "P0", NULL, "all rows fail so: look at the table's triggers"},
    {MAINTENANCE, "42501", NULL, "the table's owner may do this, or a role that was granted it"},
    {MAINTENANCE, "42P01", NULL, "the table is gone"},
};

const char *db_advice(enum db_phase phase, const struct err *err)
{
    const struct saying *said = saying_of(phase, err);

    if (said != NULL && said->advice != NULL)
        return said->advice;
    for (size_t i = 0; i < sizeof advices / sizeof *advices && err->sqlstate[0] != '\0'; i++) {
        const struct advice *a = &advices[i];
        if ((a->phases & IN(phase)) != 0 &&
            strncmp(err->sqlstate, a->state, strlen(a->state)) == 0 &&
            (a->words == NULL || says(err->msg, a->words)))
            return a->advice;
    }
    return NULL;
}

void db_explain(enum db_phase phase, struct err *err)
{
    struct err full = *err;
    const char *advice = db_advice(phase, err);

    if (err->sqlstate[0] == '\0')
        return; /* ours or libpq's, and explained */
    err_set(&full, db_decide(phase, err).code, "%.600s [%s]%s%s", err->msg, err->sqlstate,
            advice != NULL ? "; " : "", advice != NULL ? advice : "");
    memcpy(full.sqlstate, err->sqlstate, sizeof full.sqlstate);
    *err = full;
}

const char *db_phase_word(enum db_phase phase)
{
    static const char *const words[] = {
        [DB_PHASE_CONNECT] = "connect",   [DB_PHASE_BOOKKEEPING] = "bookkeeping",
        [DB_PHASE_QUESTION] = "question", [DB_PHASE_ROWS] = "rows",
        [DB_PHASE_COMMIT] = "commit",     [DB_PHASE_MAINTENANCE] = "maintenance"};

    return (unsigned)phase < DB_PHASES ? words[phase] : "?";
}

const char *db_action_word(enum db_action action)
{
    static const char *const words[] = {[DB_WAIT] = "wait",
                                        [DB_RECONNECT] = "reconnect",
                                        [DB_LOOK_AGAIN] = "look-again",
                                        [DB_PLAIN] = "plain",
                                        [DB_SMALLER] = "smaller",
                                        [DB_ISOLATE] = "isolate",
                                        [DB_STOP] = "stop",
                                        [DB_END] = "end"};

    return (unsigned)action < DB_ACTIONS ? words[action] : "?";
}
