#include "load/profile/view_columns.h"

#include "load/database/sql.h"
#include "load/profile/view_schema.h"

enum err_code view_columns_read(const struct command_context *c, const struct command_table *t,
                                struct session *s, PGresult **columns, struct err *e)
{
    char schema[VIEW_SCHEMA];
    const struct sql_var vars[] = {{"schema", schema}, {"view", t->table}};
    enum err_code rc = view_schema(schema, c->options, t->relation.schema, e);
    return rc == OK ? session_run(s, sql_view_columns, vars, 2, columns, e) : rc;
}
