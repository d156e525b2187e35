/*
 * Makes, changes or rebuilds a table's view: looks at what is there, profiles the table, plans the columns, writes the statements and, with
 * apply, runs them in one transaction.
 *
 *     struct view_make m;
 *     view_make_init(&m, context, target);
 *     m.apply = true;
 *     rc = view_make_run(&m, e);            // m.status, m.plan, m.sql
 *     view_make_free(&m);
 *
 * The statements need locks that conflict with readers of the view. They wait no longer than the loader waits for any lock (then 55P03), and never
 * longer than five seconds at a time, since new readers queue behind them. Who holds the lock is logged first. Programs that do this at the
 * same time do so one after the other. After ERR_DENIED and ERR_REFUSED, which say what to do, nothing was read. After session_stop the statement
 * under way is cancelled, unless it is COMMIT: ERR_INTERRUPTED, and nothing has changed.
 */
#ifndef NETTY_LOAD_VIEWS_VIEW_MAKE_H
#define NETTY_LOAD_VIEWS_VIEW_MAKE_H

#include "load/profile/table_profile.h"
#include "load/profile/view_schema.h"
#include "load/row/member_set.h"
#include "load/views/view_plan.h"
#include "load/views/view_sql.h"

enum view_status {
    VIEW_MADE,
    VIEW_CHANGED, /* columns were added */
    VIEW_THERE,   /* as it was */
    VIEW_REBUILT,
    VIEW_KEPT, /* only --rebuild could make it what it should be */
    VIEW_STATUSES
};

struct view_make {
    struct command_context *context;
    struct view_place at;
    char schema[VIEW_SCHEMA];
    bool apply, rebuild;
    /* If given: a view of this table that exists and shows all these members is left alone, and the table is not read. */
    const struct member_new *members;
    size_t members_count;
    int64_t depth;
    bool read; /* the table was read, or was about to be */
    struct table_profile profile;
    struct view_plan *plan; /* NULL: left alone */
    struct buf sql;
    enum view_status status;
};

void view_make_init(struct view_make *m, struct command_context *c, const struct command_table *t);
enum err_code view_make_run(struct view_make *m, struct err *e) MUST_CHECK;
void view_make_free(struct view_make *m);

#endif
