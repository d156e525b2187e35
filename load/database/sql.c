#include "load/database/sql.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#define SQL_VARS_MAX 64

struct expansion {
    struct buf *out;
    const struct sql_var *vars;
    size_t n;
    uint64_t used; /* one bit a variable */
    bool bare;     /* sql_expand_bare */
    struct err *e;
};

/* The characters with which a variable begins, or a piece in which there are no variables. */
#define OPENING ":'\"$-/"

static bool is_name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Returns the length of a piece at s in which psql sees no variables: a quoted piece, a comment, `::`; else 0. */
static size_t sealed_length(const char *s)
{
    static const struct {
        const char *open;
        const char *close;
    } pieces[] = {{"'", "'"}, {"\"", "\""}, {"$$", "$$"}, {"--", "\n"}, {"/*", "*/"}};

    if (strncmp(s, "::", 2) == 0)
        return 2;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t open = strlen(pieces[i].open);
        if (strncmp(s, pieces[i].open, open) != 0)
            continue;
        const char *end = strstr(s + open, pieces[i].close);
        return end == NULL ? strlen(s) : (size_t)(end - s) + strlen(pieces[i].close);
    }
    return 0;
}

static enum err_code add_quoted(struct buf *out, const char *value, char quote)
{
    bool escape = quote == '\'' && strchr(value, '\\') != NULL;
    enum err_code rc = buf_adds(out, escape ? " E" : "");

    if (rc == OK)
        rc = buf_addc(out, quote);
    for (const char *p = value; *p != '\0' && rc == OK; p++) {
        if (*p == quote || (escape && *p == '\\'))
            rc = buf_addc(out, *p);
        if (rc == OK)
            rc = buf_addc(out, *p);
    }
    return rc != OK ? rc : buf_addc(out, quote);
}

static enum err_code add_variable(struct expansion *x, const char *name, size_t len, char quote)
{
    for (size_t i = 0; i < x->n; i++) {
        const char *value = x->vars[i].value;
        if (strlen(x->vars[i].name) != len || memcmp(x->vars[i].name, name, len) != 0)
            continue;
        x->used |= UINT64_C(1) << i;
        if (value == NULL || (quote == '"' && *value == '\0'))
            return err_set(x->e, ERR_INTERNAL, "SQL variable %.*s is empty", (int)len, name);
        enum err_code rc =
            quote == '\0' || x->bare ? buf_adds(x->out, value) : add_quoted(x->out, value, quote);
        return rc == OK ? OK : buf_err(x->e, rc, x->out, "SQL statement");
    }
    return err_set(x->e, ERR_INTERNAL, "SQL variable %.*s has no value", (int)len, name);
}

/* A variable at s (":..."): adds its value and sets *len to what it takes of the text; 0: there is
 * none. */
static enum err_code try_variable(struct expansion *x, const char *s, size_t *len)
{
    char quote = s[1] == '"' || s[1] == '\'' ? s[1] : '\0';
    const char *name = s + 1 + (quote != '\0');
    const char *end = name;

    *len = 0;
    if (*s != ':' || !is_name_start(*name))
        return OK;
    while (is_name(*end))
        end++;
    if (quote != '\0' && *end != quote)
        return OK;
    *len = (size_t)(end - s) + (quote != '\0');
    return add_variable(x, name, (size_t)(end - name), quote);
}

static enum err_code expand(struct expansion *x, const char *text)
{
    const struct sql_var *vars = x->vars;
    struct buf *out = x->out;
    struct err *e = x->e;
    size_t n = x->n;
    enum err_code rc;
    size_t len;

    if (n > SQL_VARS_MAX)
        return err_set(e, ERR_INTERNAL, "more than %d SQL variables", SQL_VARS_MAX);
    for (const char *s = text; *s != '\0'; s += len) {
        if ((rc = try_variable(x, s, &len)) != OK)
            return rc;
        if (len > 0)
            continue;
        len = sealed_length(s);
        if (len == 0)
            len = 1 + strcspn(s + 1, OPENING);
        if ((rc = buf_add(out, s, len)) != OK)
            return buf_err(e, rc, out, "SQL statement");
    }
    for (size_t i = 0; i < n; i++) {
        if ((x->used >> i & 1) == 0)
            return err_set(e, ERR_INTERNAL, "SQL variable %s is not used", vars[i].name);
    }
    return OK;
}

enum err_code sql_expand(struct buf *out, const char *text, const struct sql_var *vars, size_t n,
                         struct err *e)
{
    struct expansion x = {.out = out, .vars = vars, .n = n, .e = e};

    return expand(&x, text);
}

enum err_code sql_expand_bare(struct buf *out, const char *text, const struct sql_var *vars,
                              size_t n, struct err *e)
{
    struct expansion x = {.out = out, .vars = vars, .n = n, .bare = true, .e = e};

    return expand(&x, text);
}

enum err_code sql_merged(struct buf *out, bool replace, bool again, const char *names,
                         struct err *e)
{
    static const char keep[] =
        "CASE WHEN t.data OPERATOR(pg_catalog.?) 'deleted_detected_at' AND (excluded.time_modified"
        " OPERATOR(pg_catalog.>) t.time_modified) IS NOT TRUE THEN t.data ELSE ";
    static const char merge[] = "CASE WHEN (pg_catalog.jsonb_typeof(t.data) OPERATOR(pg_catalog.=) "
                                "'object') IS NOT TRUE THEN excluded.data"
                                " WHEN t.data OPERATOR(pg_catalog.-) :'names'::pg_catalog.text[] "
                                "OPERATOR(pg_catalog.=) '{}' THEN excluded.data"
                                " WHEN t.data OPERATOR(pg_catalog.?) 'deleted_detected_at'"
                                " THEN (t.data OPERATOR(pg_catalog.-) 'deleted_detected_at') "
                                "OPERATOR(pg_catalog.||) excluded.data"
                                " ELSE t.data OPERATOR(pg_catalog.||) excluded.data END";
    const struct sql_var vars[] = {{"names", names}};
    enum err_code rc = again ? buf_adds(out, keep) : OK;

    if (rc == OK && !replace && (rc = sql_expand(out, merge, vars, 1, e)) != OK)
        return rc;
    if (rc == OK && replace)
        rc = buf_adds(out, "excluded.data");
    if (rc == OK && again)
        rc = buf_adds(out, " END");
    return rc == OK ? OK : buf_err(e, rc, out, "SQL statement");
}

enum err_code sql_begin_tagged(struct buf *out, const char *table, struct err *e)
{
    buf_reset(out);
    enum err_code rc = buf_addf(out, SQL_TAG, table);
    return rc == OK ? OK : buf_err(e, rc, out, "the statement");
}
