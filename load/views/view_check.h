/*
 * For netty-load check: adds a finding if a table's view no longer shows what the table has. That is so if the view reads a table that is no
 * longer the one of that name; if members of the rows that were modified last have no column; or if other tables have views and this one has
 * none, since dropping the table dropped it. There is no finding if there are no views at all.
 */
#ifndef NETTY_LOAD_VIEWS_VIEW_CHECK_H
#define NETTY_LOAD_VIEWS_VIEW_CHECK_H

#include "load/command/command.h"
#include "load/command/findings.h"

enum err_code view_check(struct command_context *c, const struct command_table *t,
                         struct findings *f, struct err *e) MUST_CHECK;

#endif
