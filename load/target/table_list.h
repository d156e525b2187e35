/* The list of a database's tables (load/sql/list_tables.sql): its columns, and how names out of it are put into an array. */
#ifndef NETTY_LOAD_TARGET_TABLE_LIST_H
#define NETTY_LOAD_TARGET_TABLE_LIST_H

#include "shared/base/buf.h"

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

#endif
