/*
 * What was asked and answered: one line of JSON a request, in memory for GET /_sim/log and, if
 * wished, appended to a file. The key never stands in it, only whether one was sent.
 *
 *     {"ms":12,"n":3,"table":"contacts","limit":100,"offset":0,"filters":"","status":200,"records":100,
 *      "total":1000,"fault":"","throttled":false,"keyed":true,"connection":1}
 *
 * The world's lock is the caller's.
 */
#ifndef NETTY_TESTS_SIM_API_REQLOG_H
#define NETTY_TESTS_SIM_API_REQLOG_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reqlog_entry {
    const char *table;
    int64_t limit, offset; /* as asked for; -1: not or not a number */
    const char *filters;   /* NULL or as asked for */
    const char *sort;      /* the same */
    unsigned status;       /* 0: none was sent */
    size_t records;        /* in the page; of one that is cut short or spoilt, those meant to be */
    size_t total;          /* that match */
    const char *fault;
    bool throttled;
    bool keyed; /* some key was sent */
    uint64_t connection;
};

struct reqlog;
/* path NULL: in memory only. */
enum err_code reqlog_open(struct reqlog **log, const char *path, struct err *e) MUST_CHECK;
void reqlog_close(struct reqlog *log);

/* A log that is full (256 MB) forgets the older half. */
void reqlog_add(struct reqlog *log, const struct reqlog_entry *entry);
const struct buf *reqlog_text(const struct reqlog *log);
void reqlog_reset(struct reqlog *log);

#endif
