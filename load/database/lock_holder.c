#include "load/database/lock_holder.h"
#include "load/database/db_answer.h"
#include "shared/time/when.h"

enum {
    HOLDER_PID,
    HOLDER_ROLE,
    HOLDER_APPLICATION,
    HOLDER_STATE,
    HOLDER_SECONDS
};

void lock_holder_log(enum log_level level, const char *msg, const char *table, const char *schema,
                     const PGresult *r)
{
    bool known = !PQgetisnull(r, 0, HOLDER_SECONDS); /* of a role that may see it */
    const struct log_field fields[] = {
        F_STR("schema", schema),
        F_STR("table", table),
        F_STR("pid", PQgetvalue(r, 0, HOLDER_PID)),
        F_STR("role", PQgetvalue(r, 0, HOLDER_ROLE)),
        F_STR("application", PQgetvalue(r, 0, HOLDER_APPLICATION)),
        F_STR("state", PQgetvalue(r, 0, HOLDER_STATE)),
        F_SECONDS("seconds", db_answer_number(r, 0, HOLDER_SECONDS) * WHEN_SECOND),
    };
    const size_t first = schema == NULL ? 1 : 0;

    log_event(level, "lock", msg, fields + first,
              sizeof fields / sizeof *fields - first - (known ? 0 : 1));
}
