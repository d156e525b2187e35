#include "load/row_moves/references.h"
#include "load/database/sql.h"
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536u

struct references {
    struct buf held; /* a condition on the row t; empty without foreign keys */
};

/* Refuses, and names all foreign keys, so that they can be mended together. */
static enum err_code refuse(const PGresult *r, const struct relation *relation, struct err *e)
{
    struct buf why;
    enum err_code rc = OK;

    buf_init(&why, TEXT_MAX);
    for (int i = 0; rc == OK && i < PQntuples(r); i++)
        if (strcmp(PQgetvalue(r, i, 0), "refuse") == 0)
            rc = buf_addf(&why, "%s%s", why.len > 0 ? "; " : "", PQgetvalue(r, i, 1));
    if (rc != OK)
        rc = buf_err(e, rc, &why, "the foreign keys");
    else if (why.len > 0)
        rc = err_set(e, ERR_CONFIG, "no row of %s is removed: %s", relation->name, why.data);
    buf_free(&why);
    return rc;
}

static enum err_code collect(struct references *f, const PGresult *r, struct err *e)
{
    enum err_code rc = OK;

    for (int i = 0; rc == OK && i < PQntuples(r); i++)
        rc = buf_addf(&f->held, "%s%s", i > 0 ? " OR " : "", PQgetvalue(r, i, 1));
    return rc == OK ? OK : buf_err(e, rc, &f->held, "the foreign keys");
}

enum err_code references_read(struct references **out, struct session *s,
                              const struct relation *relation, struct err *e)
{
    const struct sql_var vars[] = {{"schema", relation->schema}, {"relation", relation->name}};
    struct references *f = calloc(1, sizeof *f);
    PGresult *r = NULL;
    enum err_code rc;

    if (f == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    buf_init(&f->held, TEXT_MAX);
    if ((rc = session_run(s, sql_references, vars, 2, &r, e)) == OK &&
        (rc = refuse(r, relation, e)) == OK)
        rc = collect(f, r, e);
    PQclear(r);
    if (rc == OK)
        *out = f;
    else
        references_free(f);
    return rc;
}

void references_free(struct references *r)
{
    if (r == NULL)
        return;
    buf_free(&r->held);
    free(r);
}

bool references_any(const struct references *r)
{
    return r->held.len > 0;
}

static enum err_code join(struct buf *out, const char *condition, const char *with,
                          const struct references *r, struct err *e)
{
    buf_reset(out);
    enum err_code rc = references_any(r)
                           ? buf_addf(out, "(%s) AND %s(%s)", condition, with, r->held.data)
                           : buf_adds(out, condition);

    return rc == OK ? OK : buf_err(e, rc, out, "the rows' condition");
}

enum err_code references_narrow(struct buf *out, const struct references *r, const char *condition,
                                struct err *e)
{
    return join(out, condition, "NOT ", r, e);
}

enum err_code references_held(struct buf *out, const struct references *r, const char *condition,
                              struct err *e)
{
    return join(out, condition, "", r, e);
}
