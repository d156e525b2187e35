/* The statements that make a table's view. */
#ifndef NETTY_LOAD_VIEWS_VIEW_SQL_H
#define NETTY_LOAD_VIEWS_VIEW_SQL_H

#include "load/command/command.h"
#include "load/views/view_plan.h"

struct view_place {
    const char *schema; /* of the view, whose name is the API's name of the table */
    const struct command_table *target;
};

/* In a view's comment, before the depth that it was made with where that is not 1. */
#define VIEW_ABOUT_DEPTH ", to the depth "

/* Adds CREATE OR REPLACE VIEW and the comments. */
enum err_code view_sql_create(struct buf *sql, const struct view_place *at,
                              const struct view_plan *plan, int64_t depth,
                              struct err *e) MUST_CHECK;
/* Adds the statements that let a role read the view, with the word ROLE for it: the grants, and the policy on the table. Each line begins with
 * `before`. */
enum err_code view_sql_grants(struct buf *sql, const struct view_place *at, const char *before,
                              struct err *e) MUST_CHECK;
/* Logs these statements for a view that was made. */
enum err_code view_sql_tell_grants(const struct view_place *at, struct err *e) MUST_CHECK;

#endif
