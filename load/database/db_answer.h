/* Values out of a statement's answer in text format. Rows and columns count from 0. */
#ifndef NETTY_LOAD_DATABASE_DB_ANSWER_H
#define NETTY_LOAD_DATABASE_DB_ANSWER_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/* A whole number; 0 where it is null, or there is no such row or column. */
int64_t db_answer_number(const PGresult *r, int row, int column);
/* Microseconds since 1970 that a column holds as a whole number; WHEN_NONE where it is null. */
int64_t db_answer_time(const PGresult *r, int row, int column);
/* A boolean of the first row; null is false. */
bool db_answer_true(const PGresult *r, int column);

#endif
