/*
 * For netty-load check: does a table's view still show what the table has? Says so where it does not: the view reads a table that is
 * no longer the one of that name; members of the rows that were modified last have no column; or other tables have views and this one
 * has none, for dropping the table took it along. Nothing is said where nobody has made views.
 */
#ifndef NETTY_LOAD_VIEWS_VIEW_CHECK_H
#define NETTY_LOAD_VIEWS_VIEW_CHECK_H

#include "load/command/command.h"
#include "load/command/findings.h"

enum err_code view_check(struct command_context *c, const struct command_table *t,
                         struct findings *f, struct err *e) MUST_CHECK;

#endif
