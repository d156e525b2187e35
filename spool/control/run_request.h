/*
 * A request for a run now: <spool>/run.json, written by the loader, or by anybody who can write to the spool.
 * `netty-extract --every` takes it within a second and removes it.
 *
 *     run_request_leave(spool, "contacts", id, e);     // "": all tables
 *     run_request_take(spool, &request, &there, e);
 *
 * Only one request can wait; a further one is ERR_BUSY. The file is written whole. A damaged file counts as a request for all
 * tables.
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

/* Makes a random id. */
enum err_code run_request_draw(char id[RUN_REQUEST_ID], struct err *e) MUST_CHECK;
enum err_code run_request_leave(const struct spool *s, const char *table, char id[RUN_REQUEST_ID],
                                struct err *e) MUST_CHECK;
/* Takes the request that waits: *there is true, *r has it, and the file is removed. */
enum err_code run_request_take(const struct spool *s, struct run_request *r, bool *there,
                               struct err *e) MUST_CHECK;

#endif
