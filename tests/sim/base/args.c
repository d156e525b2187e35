#include "tests/sim/base/args.h"

#include "shared/base/units.h"

#include <string.h>

enum err_code args_add(struct args *a, const char *name, const char *value, struct err *e)
{
    if (a->n == ARGS_MAX)
        return err_set(e, ERR_USAGE, "more than %d arguments", ARGS_MAX);
    a->at[a->n].name = name;
    a->at[a->n].value = value;
    a->n++;
    return OK;
}

const char *args_get(const struct args *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->at[i].name, name) == 0)
            return a->at[i].value;
    }
    return NULL;
}

enum err_code args_count(const struct args *a, const char *name, int64_t max, int64_t *n,
                         struct err *e)
{
    const char *text = args_get(a, name);
    int64_t value;
    if (text == NULL)
        return OK;
    if (units_count(text, &value) != OK || value > max)
        return err_set(e, ERR_USAGE, "%s=%s: give a number from 0 to %lld", name, text,
                       (long long)max);
    *n = value;
    return OK;
}

enum err_code args_split(struct args *a, char *text, struct err *e)
{
    enum err_code rc = OK;
    char *rest = text;
    while (rc == OK && rest != NULL && *rest != '\0') {
        char *item = rest;
        rest = strpbrk(item, ",&");
        if (rest != NULL)
            *rest++ = '\0';
        char *value = strchr(item, '=');
        if (value == NULL)
            return err_set(e, ERR_USAGE, "%s: give it as name=value", item);
        *value++ = '\0';
        rc = args_add(a, item, value, e);
    }
    return rc;
}
