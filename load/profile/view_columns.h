/*
 * The columns of a table's view, as load/sql/view_columns.sql answers: a row a column, its name and its mark (view_mark.h; NULL for
 * a column that netty-load did not make). No rows: the table has no view.
 *
 *     PGresult *columns = NULL;
 *     rc = view_columns_read(context, target, session, &columns, e);
 *     PQclear(columns);
 */
#ifndef NETTY_LOAD_PROFILE_VIEW_COLUMNS_H
#define NETTY_LOAD_PROFILE_VIEW_COLUMNS_H

#include "load/command/command.h"

/* The caller frees *columns, which stays NULL on an error. Errors are those of view_schema.h and session.h. */
enum err_code view_columns_read(const struct command_context *c, const struct command_table *t,
                                struct session *s, PGresult **columns, struct err *e) MUST_CHECK;

#endif
