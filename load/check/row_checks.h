/*
 * Odd rows of a table: the kinds of oddness, how many rows there are of each kind, and a few of their keys. The database counts most kinds
 * (load/sql/inspect_rows.sql). Rows whose data repeats what the columns say are judged here, since that takes the loader's own reading of times.
 *
 *     row_checks_add(&i, "no-object", 3, "{1,2,3}");
 *     row_checks_row(&i, &record);                     // one row of load/sql/inspect_times.sql
 *     row_checks_report(&i, findings, "contacts");
 */
#ifndef NETTY_LOAD_CHECK_ROW_CHECKS_H
#define NETTY_LOAD_CHECK_ROW_CHECKS_H

#include "load/command/findings.h"
#include "shared/time/when.h"
#include <stdint.h>

#define ROW_CHECKS_KINDS 13
#define ROW_CHECKS_KEYS  3
#define ROW_CHECKS_TEXT  80

struct row_checks {
    struct {
        uint64_t rows;
        char keys[ROW_CHECKS_TEXT]; /* "1, 2, 3" */
        unsigned listed;
    } kinds[ROW_CHECKS_KINDS];
    const struct zone *zone; /* of times in data that name none */
};

/* A row whose data repeats its columns. The texts are those of data: NULL if there is no such member, "" if it is null. */
struct row_checks_record {
    const char *key; /* the column's */
    const char *key_text, *created_text, *modified_text, *detected_text;
    int64_t created, modified; /* of the columns, or WHEN_NONE */
};

/* Adds rows of one kind. keys is PostgreSQL's text of an array. Unknown kinds are ignored. */
void row_checks_add(struct row_checks *i, const char *kind, uint64_t rows, const char *keys);
void row_checks_row(struct row_checks *i, const struct row_checks_record *record);
uint64_t row_checks_rows(const struct row_checks *i, const char *kind);
void row_checks_report(const struct row_checks *i, struct findings *f, const char *table);

#endif
