/* A hint for an error of a trigger's or policy's function that does not find its names, since search_path is not the one it was written for. */
#include "load/database/db_private.h"
#include <string.h>

#define SIGNATURE_MAX 300u

/* Whether the error is that a name was not found: of a relation, function or operator, type, schema. */
static bool is_lookup(const char *sqlstate)
{
    static const char *const states[] = {"42P01", "42883", "42704", "3F000"};

    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(sqlstate, states[i]) == 0)
            return true;
    return false;
}

/* The innermost function of an error's context, as PostgreSQL names it: `PL/pgSQL function public.f(integer) line 3 at ...`,
 * `SQL function "f" ...`. Its length, or 0. Nothing else of the context is used: it quotes statements, and values in them. */
static size_t innermost(const char *context, const char **name)
{
    static const char word[] = "function ";
    const char *at = strstr(context, word);

    if (at == NULL)
        return 0;
    *name = at + sizeof word - 1;
    const char *stop = strstr(*name, " line ");
    const char *end = *name + strcspn(*name, "\n");
    if (**name == '"' && (stop == NULL || stop > end))
        stop = strchr(*name + 1, '"') != NULL ? strchr(*name + 1, '"') + 1 : NULL;
    if (stop == NULL || stop > end || (size_t)(stop - *name) > SIGNATURE_MAX ||
        strncmp(*name, "inline_code_block", 17) == 0)
        return 0;
    return (size_t)(stop - *name);
}

/* The length of the schema in front of a function's name, 0 without one. */
static size_t schema_length(const char *name, size_t n)
{
    bool quoted = false;

    for (size_t i = 0; i < n; i++) {
        quoted ^= name[i] == '"';
        if (name[i] == '.' && !quoted)
            return i;
        if (name[i] == '(' && !quoted)
            break;
    }
    return 0;
}

void db_path_hint(struct err *e, const PGresult *r)
{
    const char *context = PQresultErrorField(r, PG_DIAG_CONTEXT);
    const char *name = NULL;
    struct err full = *e;
    size_t n;

    if (context == NULL || !is_lookup(e->sqlstate) || (n = innermost(context, &name)) == 0)
        return;
    size_t schema = schema_length(name, n);
    bool other = schema > 0 && (schema != 6 || strncmp(name, "public", 6) != 0);
    err_set(
        &full, e->code,
        "%.500s (in the function %.*s: the loader's transactions have pg_catalog alone on their "
        "search_path, so that nobody else's functions are called; ALTER FUNCTION %.*s SET "
        "search_path = %.*s%spublic)",
        e->msg, (int)n, name, (int)n, name, other ? (int)schema : 0, name, other ? ", " : "");
    memcpy(full.sqlstate, e->sqlstate, sizeof full.sqlstate);
    *e = full;
}
