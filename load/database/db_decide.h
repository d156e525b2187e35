/*
 * The one place that decides what an error of the database means: by the phase in which it came, and its SQLSTATE.
 *
 *     struct db_decision d = db_decide(DB_PHASE_ROWS, err);
 *     do d.action; after as many times as are allowed, do d.then. d.code is the code of the exit, if the load ends with this error.
 *
 * The caller decides how often and with what pause: DB_WAIT and DB_RECONNECT as often as conf.backoff says, DB_LOOK_AGAIN once
 * between two commits, DB_SMALLER down to one row. Nothing else is tried again.
 * There is a rule for every SQLSTATE of PostgreSQL, and for those that PostgreSQL does not define; tests/unit/load/test_db_decide.c
 * walks through all of them.
 */
#ifndef NETTY_LOAD_DATABASE_DB_DECIDE_H
#define NETTY_LOAD_DATABASE_DB_DECIDE_H

#include "shared/base/err.h"

enum db_phase {
    DB_PHASE_CONNECT,     /* until the server is ready for a first statement */
    DB_PHASE_BOOKKEEPING, /* netty_sync, the list of tables, BEGIN, the progress */
    DB_PHASE_QUESTION, /* asking what is stored of the batch's keys; the batch can be loaded without the answer */
    DB_PHASE_ROWS,        /* COPY, the upsert */
    DB_PHASE_COMMIT,      /* constraints that wait for COMMIT belong to rows, too */
    DB_PHASE_MAINTENANCE, /* the commands */
    DB_PHASES
};

enum db_action {
    DB_WAIT, /* the trouble passes by itself: try once more after a pause, on the same connection */
    DB_RECONNECT,  /* the same on a new connection */
    DB_LOOK_AGAIN, /* the table may have been changed: read its shape anew, and go on with that */
    DB_PLAIN,      /* go on without the question */
    DB_SMALLER,    /* a time limit was met: send fewer rows at a time */
    DB_ISOLATE,    /* find the rows that the error is about, and make dead letters of them */
    DB_STOP,       /* this table's load ends here, others go on */
    DB_END,        /* no connection can be had: all loads end here */
    DB_ACTIONS
};

struct db_decision {
    enum db_action action, then;
    enum err_code code;
    bool lock; /* it was a lock that was waited for: no row is to blame, and size does not matter */
    bool
        content; /* DB_ISOLATE: the SQLSTATE itself says that it is a row's content, so that one failure proves it */
};

struct db_decision db_decide(enum db_phase phase, const struct err *err);

/* The kind of trouble, for metrics. */
enum db_trouble {
    DB_AGAIN,    /* passes by itself */
    DB_TOO_SLOW, /* a time limit, or a lock */
    DB_BAD_ROW,  /* a row's content */
    DB_NO_TABLE, /* gone, of another shape, or not as a table should be; or the connection's settings are wrong */
    DB_FORBIDDEN, /* permission, authentication */
    DB_FAULT      /* all else */
};
enum db_trouble db_trouble_of(enum db_phase phase, const struct err *err);

/* Is in the message if transactions are read-only for another reason than a standby. */
#define DB_READ_ONLY "default_transaction_read_only is on"

const char *db_phase_word(enum db_phase phase);
const char *db_action_word(enum db_action action);

/* Returns what a person can do about it, or NULL if the message says all. */
const char *db_advice(enum db_phase phase, const struct err *err);
/* Adds SQLSTATE and advice to the message of an error that ends a load, and gives it the decision's code. */
void db_explain(enum db_phase phase, struct err *err);

#endif
