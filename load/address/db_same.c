#include "load/address/db_same.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *setting(const PQconninfoOption *list, const char *name)
{
    for (const PQconninfoOption *o = list; o != NULL && o->keyword != NULL; o++)
        if (strcmp(o->keyword, name) == 0 && o->val != NULL)
            return o->val;
    return "";
}

/* What the address leaves open is the environment's. */
static const char *either(const PQconninfoOption *own, const PQconninfoOption *standard,
                          const char *name)
{
    const char *text = setting(own, name);
    return *text != '\0' ? text : setting(standard, name);
}

enum err_code db_same_text(char **out, const char *conninfo, struct err *e)
{
    char *why = NULL;
    PQconninfoOption *standard = PQconndefaults();
    PQconninfoOption *own = conninfo != NULL ? PQconninfoParse(conninfo, &why) : NULL;
    const char *name = either(own, standard, "dbname");
    int n;
    *out = NULL;
    if (conninfo != NULL && own == NULL)
        n = asprintf(out, "%s", conninfo);
    else
        n = asprintf(out, "%s\t%s\t%s\t%s", either(own, standard, "host"),
                     either(own, standard, "hostaddr"), either(own, standard, "port"),
                     *name != '\0' ? name : either(own, standard, "user"));
    PQfreemem(why);
    PQconninfoFree(own);
    PQconninfoFree(standard);
    if (n >= 0)
        return OK;
    *out = NULL;
    return err_set(e, ERR_NOMEM, "out of memory for the settings");
}
