/*
 * The run's summary: one row a table. On standard output, as a table for people or, with --json,
 * one JSON object a line with the members in the order given. Numbers align right; nothing is cut. On a terminal numbers are
 * grouped, and columns that do not fit into its width stand in a further block below, again behind those that name the row: as many of the first
 * ones as it takes to tell each row from the one above it.
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
    const char *name; /* JSON member and column heading; a few have another heading (summary.c) */
    enum cell_type type;
    const char *str;
    int64_t num; /* CELL_SECONDS and CELL_TIME: microseconds; JSON shows 1.234 and "2024-...Z" or
                    null */
};

struct summary;
enum err_code summary_open(struct summary **s, bool json, struct err *e) MUST_CHECK;
/* Copies what it is given. Every row has the first row's columns. */
enum err_code summary_row(struct summary *s, const struct cell *cells, size_t n,
                          struct err *e) MUST_CHECK;
/* Writes it all; ERR_IO when out cannot take it. A pipe whose reader has gone is no failure. */
enum err_code summary_print(struct summary *s, FILE *out, struct err *e) MUST_CHECK;
void summary_close(struct summary *s);

#endif
