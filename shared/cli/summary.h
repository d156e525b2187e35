/*
 * The run's summary: rows of cells, as a table for people or, with --json, as one JSON object a line with the members in the
 * order given. In a table numbers align right, and nothing is cut. On a terminal, digits are grouped, and columns that do not
 * fit into the width are shown in a further block below. Each block begins with the columns that name the row: as many of the
 * first columns as it takes to tell each row from the one above it.
 */
#ifndef NETTY_SHARED_CLI_SUMMARY_H
#define NETTY_SHARED_CLI_SUMMARY_H

#include "shared/base/err.h"
#include <stdint.h>
#include <stdio.h>

enum cell_type {
    CELL_NONE,
    CELL_STR,
    CELL_INT,
    CELL_SECONDS,
    CELL_TIME
};
struct cell {
    const char *name; /* JSON member and column heading; some headings differ (summary.c) */
    enum cell_type type;
    const char *str;
    int64_t num; /* CELL_SECONDS and CELL_TIME: microseconds; JSON shows 1.234 and "2024-...Z" or
                    null */
};

struct summary;
enum err_code summary_open(struct summary **s, bool json, struct err *e) MUST_CHECK;
/* Each row that is added from now on begins with this column. Both texts are borrowed; value NULL: with no such column. */
void summary_lead(struct summary *s, const char *name, const char *value);
/* Adds a row; the cells are copied. Every row has the same columns as the first one. */
enum err_code summary_row(struct summary *s, const struct cell *cells, size_t n,
                          struct err *e) MUST_CHECK;
/* Writes all rows. Fails with ERR_IO when out cannot be written. A pipe whose reader has gone is no failure. */
enum err_code summary_print(struct summary *s, FILE *out, struct err *e) MUST_CHECK;
void summary_close(struct summary *s);

#endif
