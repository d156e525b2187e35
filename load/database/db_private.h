/*
 * What db.c (statements), db_copy.c, db_connect.c and db_error.c share. Nobody else includes this.
 *
 * One operation is under way at a time: `state` says which, `done` waits for its end. db_finish
 * ends it: it is called from the loop only, so a call that fails at once goes through db_fail,
 * which comes back from the loop.
 */
#ifndef NETTY_LOAD_DATABASE_DB_PRIVATE_H
#define NETTY_LOAD_DATABASE_DB_PRIVATE_H

#include "load/database/db.h"

enum db_state {
    DB_GONE,       /* no connection */
    DB_CONNECTING, /* PQconnectPoll has to be called again */
    DB_READY,      /* connected, nothing under way */
    DB_STATEMENT,  /* waiting for results */
    DB_COPYING,    /* feeding a COPY */
};

struct db {
    uv_loop_t *loop;
    char *conninfo; /* NULL: libpq's environment alone */
    PGconn *conn;
    enum db_state state;
    uv_poll_t *poll; /* of its own memory: it outlives the socket by a turn of the loop */
    int fd;
    uv_timer_t defer; /* calls back from the loop what failed within the call */
    uv_timer_t limit; /* of connecting */
    struct buf at;    /* connecting: host, port and address at hand */
    struct buf tried; /* ... and those that said nothing (db_hosts.h) */
    bool last;        /* ... there is no other: it may take the rest of the time */
    bool spare;       /* ... and may fail: db_connect_spare */
    bool proven;      /* db_proven */
    uint64_t asked;   /* db_statements */
    unsigned handles; /* open timers: memory goes with the last */
    db_done_fn *done;
    void *ctx;
    db_source_fn *source;
    bool copied;       /* the source has given all, or failed */
    struct buf piece;  /* what the source gave and libpq has not taken yet */
    struct buf pinned; /* a statement with the path that it is to have */
    PGresult *result;  /* the last one that was no error */
    struct err err;    /* the first error */
};

/* db.c: ends the operation and calls back; with err.code set the result is an error. */
void db_finish(struct db *d);
/* The same from the next turn of the loop; d->err is set. */
void db_fail(struct db *d);
void db_unpoll(struct db *d);
bool db_poll(struct db *d, int events); /* false: d->err is set */

/* db_connect.c */
void db_connect_step(struct db *d);
void db_finish_conn(struct db *d);

/* db_copy.c: hands on pieces as long as the socket takes them; d->copied tells that all are. False:
 * libpq failed. */
bool db_copy_feed(struct db *d);

/* db_path_hint.c: adds to the message of a name that was not found which function looked for it, and what mends that. */
void db_path_hint(struct err *e, const PGresult *r);

/* db_error.c */
enum err_code db_err_result(struct err *e, const PGresult *r, const PGconn *c);
enum err_code db_err_conn(struct err *e, const PGconn *c, const char *what);
enum err_code db_err_connect(struct err *e, const PGconn *c); /* it could not be made */

#endif
