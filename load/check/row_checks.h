/*
 * What is odd about a table's rows: kinds of oddness, how many rows of each and a few of their keys.
 * The database counts most of them (load/sql/inspect_rows.sql); rows whose data says what columns
 * say too are judged here, with the loader's own reading of times.
 *
 *     inspect_add(&i, "no-object", 3, "{1,2,3}");
 *     inspect_judge(&i, &said);                     // one row of load/sql/inspect_times.sql
 *     inspect_tell(&i, findings, "contacts");
 */
#ifndef NETTY_LOAD_CHECK_ROW_CHECKS_H
#define NETTY_LOAD_CHECK_ROW_CHECKS_H

#include "load/command/findings.h"
#include "shared/time/when.h"
#include <stdint.h>

#define INSPECT_KINDS 13
#define INSPECT_KEYS  3
#define INSPECT_TEXT  80

struct inspect {
    struct {
        uint64_t rows;
        char keys[INSPECT_TEXT]; /* "1, 2, 3" */
        unsigned listed;
    } kinds[INSPECT_KINDS];
    const struct zone *zone; /* of times in data that name none */
};

/* A row's own words, NULL where data has no such member; null members are "". */
struct inspect_said {
    const char *key; /* the column's */
    const char *said_key, *said_created, *said_modified, *said_detected;
    int64_t created, modified; /* of the columns, or WHEN_NONE */
};

/* keys: PostgreSQL's text of an array. Unknown kinds are ignored. */
void inspect_add(struct inspect *i, const char *kind, uint64_t rows, const char *keys);
void inspect_judge(struct inspect *i, const struct inspect_said *said);
uint64_t inspect_rows(const struct inspect *i, const char *kind);
void inspect_tell(const struct inspect *i, struct findings *f, const char *table);

#endif
