#include "load/profile/view_schema.h"
#include <stdio.h>
#include <string.h>

#define STANDARD "netty"

enum err_code view_schema(char out[VIEW_SCHEMA], const struct options *o, const char *table_schema,
                          struct err *e)
{
    const char *given = options_text(o, OPT_VIEWS_SCHEMA);
    const char *account = options_text(o, OPT_ACCOUNT);
    int n;

    if (given != NULL)
        n = snprintf(out, VIEW_SCHEMA, "%s", given);
    else if (account != NULL)
        n = snprintf(out, VIEW_SCHEMA, STANDARD "_%s", account);
    else if (strcmp(table_schema, "public") == 0 || strcmp(table_schema, STANDARD) == 0)
        n = snprintf(out, VIEW_SCHEMA, STANDARD);
    else
        n = snprintf(out, VIEW_SCHEMA, STANDARD "_%s", table_schema);
    if (n > 0 && n < VIEW_SCHEMA)
        return OK;
    return err_set(e, ERR_CONFIG,
                   "the name of the views' schema, %s, is longer than the 63 bytes that PostgreSQL "
                   "allows; give a shorter one with --views-schema",
                   given != NULL ? given : table_schema);
}
