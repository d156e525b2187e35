/* The list of a database's tables (load/sql/list_tables.sql): its columns, and the texts that statements take from it. */
#ifndef NETTY_LOAD_TARGET_TABLE_LIST_H
#define NETTY_LOAD_TARGET_TABLE_LIST_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <libpq-fe.h>

/* Columns of sql_list_tables. */
enum {
    LIST_SCHEMA,
    LIST_RELATION,
    LIST_TABLE,
    LIST_KEY,
    LIST_KEY_TYPE,
    LIST_MIN,
    LIST_MAX,
    LIST_PROBLEM,
    LIST_RLS,
    LIST_DENIED,
    LIST_INDEXED,
    LIST_IDENTITY,
    LIST_DIRECT,
    LIST_ARCHIVE,
    LIST_TRIGGERS,
    LIST_PARTITIONED
};

/* Adds the text as an element of an array, quoted. */
enum err_code table_list_element(struct buf *b, const char *text) MUST_CHECK;

/* The tables' names, schemas and relations, each as an array that a statement takes as a variable. */
struct table_arrays {
    struct buf names, schemas, relations;
};
/* Fills *a with the list's rows from `from` to before `to`. Freed by the caller, after a failure too. */
enum err_code table_arrays_fill(struct table_arrays *a, const PGresult *list, int from, int to,
                                struct err *e) MUST_CHECK;
void table_arrays_free(struct table_arrays *a);

/* How many tables' greatest times are asked for in one transaction. It holds a lock on each of these tables and their indexes, and the
 * server's table of locks, which all its sessions share, has some 6,400 places by default. */
#define TABLE_LIST_GREATEST_MOST 500
/* Adds one statement for the greatest times of the list's tables: a row n max_modified for each table, n being its row in the list. *n is how
 * many tables it asks for; 0: there is nothing to send. It leaves out the tables without an index of times and partitioned ones. No lock is
 * waited for longer than a tenth of a second, in the rest of the transaction, too. */
enum err_code table_list_greatest(struct buf *sql, const PGresult *list, int *n,
                                  struct err *e) MUST_CHECK;

#endif
