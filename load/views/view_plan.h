/*
 * The columns of a table's view: those that the view has already, in their places, then one for each other member that the profile knows. No
 * input or output but the log.
 *
 *     view_plan_open(&plan, e);
 *     view_plan_read(plan, columns, e);      // where there is a view already
 *     view_plan_fill(plan, table, key, &profile, depth, e);
 *     for (size_t i = 0; i < plan->count; i++)
 *         use(&plan->columns[i]);
 *     view_plan_close(plan);
 *
 * Names: the members', joined with `_`, cut to 63 bytes; where one is taken, with _2, _3 and so on. A view has at most 1600 columns.
 * An object is a column for each of its members where 99 % of the member's values are objects, `depth` is not used up, and it is no
 * map (table_profile.h); else it is one of type jsonb.
 * Values that a column's type does not show, and members without a column, are logged.
 */
#ifndef NETTY_LOAD_VIEWS_VIEW_PLAN_H
#define NETTY_LOAD_VIEWS_VIEW_PLAN_H

#include "load/profile/table_profile.h"
#include "load/profile/view_mark.h"

#define VIEW_NAME    64 /* with its closing 0 */
#define VIEW_COLUMNS 1600

struct view_column {
    char name[VIEW_NAME];
    const char *path[MEMBER_LEVELS]; /* path[0] NULL: the table's own column of that name */
    enum member_cast cast;
    bool there; /* in the view already */
    char *mark; /* what path points into, or NULL: into the profile */
};

struct view_plan {
    struct view_column *columns;
    size_t count, room;
    bool deleted;    /* rows with deleted are in it, and the column */
    size_t added;    /* columns that were not there */
    size_t narrow;   /* columns whose type only a rebuild makes fit */
    size_t left_out; /* members beyond the 1600th column */
};

enum err_code view_plan_open(struct view_plan **plan, bool deleted, struct err *e) MUST_CHECK;
void view_plan_close(struct view_plan *plan);
/* Takes the columns that the view has: what sql_view_columns answered. */
enum err_code view_plan_read(struct view_plan *plan, const PGresult *columns,
                             struct err *e) MUST_CHECK;
/* The profile has to outlive the plan. */
enum err_code view_plan_fill(struct view_plan *plan, const char *table, const char *key,
                             const struct table_profile *profile, unsigned depth,
                             struct err *e) MUST_CHECK;

#endif
