/*
 * Somebody asks for a run now: <spool>/run.json, left by the loader, or by whoever can write to the spool, and taken up within
 * a second by `netty-extract --every`, which removes it.
 *
 *     run_request_leave(spool, "contacts", id, e);     // "": all tables
 *     run_request_take(spool, &request, &there, e);
 *
 * One at a time: ERR_BUSY while one waits. Written whole; what is damaged counts as one for all tables.
 */
#ifndef NETTY_SPOOL_CONTROL_RUN_REQUEST_H
#define NETTY_SPOOL_CONTROL_RUN_REQUEST_H

#include "shared/base/table_names.h"
#include "spool/store/spool.h"

#define RUN_REQUEST_FILE "run.json"
#define RUN_REQUEST_ID   17 /* 16 hexadecimal digits */

struct run_request {
    char id[RUN_REQUEST_ID];
    char table[NAMES_TABLE_MAX + 1]; /* "": all */
    int64_t asked;
};

/* Makes an id. */
enum err_code run_request_draw(char id[RUN_REQUEST_ID], struct err *e) MUST_CHECK;
enum err_code run_request_leave(const struct spool *s, const char *table, char id[RUN_REQUEST_ID],
                                struct err *e) MUST_CHECK;
/* *there: it is in *r, and gone from the spool. */
enum err_code run_request_take(const struct spool *s, struct run_request *r, bool *there,
                               struct err *e) MUST_CHECK;

#endif
