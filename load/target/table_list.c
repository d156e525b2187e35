#include "load/target/table_list.h"

#include "load/database/sql.h"
#include <string.h>

#define ARRAY_MAX ((size_t)4 << 20)

enum err_code table_list_element(struct buf *b, const char *text)
{
    enum err_code rc = buf_addc(b, '"');

    for (; rc == OK && text != NULL && *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            rc = buf_addc(b, '\\');
        if (rc == OK)
            rc = buf_addc(b, *text);
    }
    return rc == OK ? buf_addc(b, '"') : rc;
}

static enum err_code add_array(struct buf *b, const PGresult *list, int from, int to, int column,
                               struct err *e)
{
    enum err_code rc = buf_addc(b, '{');

    for (int i = from; rc == OK && i < to; i++) {
        if (i > from)
            rc = buf_addc(b, ',');
        if (rc == OK)
            rc = table_list_element(b, PQgetvalue(list, i, column));
    }
    if (rc == OK)
        rc = buf_addc(b, '}');
    return rc == OK ? OK : buf_err(e, rc, b, "the list of tables");
}

enum err_code table_arrays_fill(struct table_arrays *a, const PGresult *list, int from, int to,
                                struct err *e)
{
    buf_init(&a->names, ARRAY_MAX);
    buf_init(&a->schemas, ARRAY_MAX);
    buf_init(&a->relations, ARRAY_MAX);
    enum err_code rc = add_array(&a->names, list, from, to, LIST_TABLE, e);
    if (rc == OK)
        rc = add_array(&a->schemas, list, from, to, LIST_SCHEMA, e);
    return rc == OK ? add_array(&a->relations, list, from, to, LIST_RELATION, e) : rc;
}

void table_arrays_free(struct table_arrays *a)
{
    buf_free(&a->names);
    buf_free(&a->schemas);
    buf_free(&a->relations);
}

/* Whether the greatest time is cheap to find. It is not for a partitioned table, of which each partition would be locked. */
static bool is_cheap(const PGresult *list, int row)
{
    return strcmp(PQgetvalue(list, row, LIST_INDEXED), "t") == 0 &&
           strcmp(PQgetvalue(list, row, LIST_PARTITIONED), "t") != 0 &&
           PQgetisnull(list, row, LIST_PROBLEM);
}

enum err_code table_list_greatest(struct buf *sql, const PGresult *list, int *n, struct err *e)
{
    enum err_code rc = buf_adds(sql, "SET LOCAL lock_timeout = '100ms';\n");

    *n = 0;
    for (int i = 0; rc == OK && i < PQntuples(list) && *n < TABLE_LIST_GREATEST_MOST; i++) {
        const struct sql_var vars[] = {{"schema", PQgetvalue(list, i, LIST_SCHEMA)},
                                       {"relation", PQgetvalue(list, i, LIST_RELATION)}};
        if (!is_cheap(list, i))
            continue;
        rc = buf_addf(sql, "%sSELECT %d AS n, (\n", *n > 0 ? "\nUNION ALL " : "", i);
        if (rc == OK)
            rc = sql_expand(sql, sql_max_modified, vars, 2, e);
        while (rc == OK && sql->len > 0 && strchr(";\n", sql->data[sql->len - 1]) != NULL)
            buf_truncate(sql, sql->len - 1);
        if (rc == OK)
            rc = buf_addc(sql, ')');
        (*n)++;
    }
    return rc == OK || e->code != OK ? rc : buf_err(e, rc, sql, "the statement");
}
