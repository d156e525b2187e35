#include "load/profile/member_cast.h"
#include "load/database/sql.h"
#include <stdbool.h>
#include <string.h>

#define SQL_MAX                                                                                    \
    ((size_t)1 << 16) /* an expression; a member's name is at most as long as a record */

static const char *const names[CASTS] = {"boolean", "integer", "bigint",    "numeric",
                                         "date",    "time",    "timestamp", "timestamptz",
                                         "uuid",    "text",    "jsonb"};

#define BIT(form) (1u << (form))
#define NUMBERS   (BIT(FORM_FLAG) | BIT(FORM_INTEGER))
static const unsigned fits[CASTS] = {
    [CAST_BOOLEAN] = BIT(FORM_BOOLEAN) | BIT(FORM_TRUTH) | BIT(FORM_FLAG),
    [CAST_INTEGER] = NUMBERS,
    [CAST_BIGINT] = NUMBERS | BIT(FORM_BIGINT),
    [CAST_NUMERIC] = NUMBERS | BIT(FORM_BIGINT) | BIT(FORM_DECIMAL),
    [CAST_DATE] = BIT(FORM_DATE),
    [CAST_TIME] = BIT(FORM_TIME),
    [CAST_TIMESTAMP] = BIT(FORM_DATE) | BIT(FORM_TIMESTAMP),
    [CAST_TIMESTAMPTZ] = BIT(FORM_ZONED),
    [CAST_UUID] = BIT(FORM_UUID),
    [CAST_TEXT] = ~0u,
    [CAST_JSONB] = ~0u,
};

const char *member_cast_name(enum member_cast cast)
{
    return names[cast];
}

enum member_cast member_cast_named(const char *name)
{
    size_t i = 0;

    while (i < CASTS && strcmp(names[i], name) != 0)
        i++;
    return (enum member_cast)i;
}

static int64_t fitting(const struct member *m, enum member_cast cast)
{
    int64_t n = 0;

    for (unsigned f = FORM_BOOLEAN; f < FORMS; f++)
        n += (fits[cast] & BIT(f)) != 0 ? m->forms[f] : 0;
    return n;
}

static int64_t values(const struct member *m)
{
    return m->records - m->forms[FORM_NULL] - m->forms[FORM_EMPTY];
}

int64_t member_misfits(const struct member *m, enum member_cast cast)
{
    return values(m) - fitting(m, cast);
}

static bool holds(int64_t part, int64_t all)
{
    return all > 0 && part >= all - all / 100;
}

bool member_is_object(const struct member *m)
{
    return holds(m->forms[FORM_OBJECT], values(m));
}

enum member_cast member_cast_of(const struct member *m)
{
    static const enum member_cast single[] = {CAST_TIMESTAMPTZ, CAST_TIME, CAST_UUID};
    int64_t all = values(m);

    if (all == 0) /* the text '' is one; {} and [] are none */
        return m->objects + m->arrays > 0 ? CAST_JSONB : CAST_TEXT;
    if (m->forms[FORM_BOOLEAN] + m->forms[FORM_TRUTH] > 0 && holds(fitting(m, CAST_BOOLEAN), all))
        return CAST_BOOLEAN;
    if (m->forms[FORM_CODE] == 0 && holds(fitting(m, CAST_NUMERIC), all))
        return m->forms[FORM_DECIMAL] > 0  ? CAST_NUMERIC
               : m->forms[FORM_BIGINT] > 0 ? CAST_BIGINT
                                           : CAST_INTEGER;
    if (holds(fitting(m, CAST_TIMESTAMP), all))
        return m->forms[FORM_TIMESTAMP] > 0 ? CAST_TIMESTAMP : CAST_DATE;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (holds(fitting(m, single[i]), all))
            return single[i];
    /* Where some are numbers or nested, ->> would not tell 1 from "1". */
    int64_t others = m->numbers + m->booleans + m->forms[FORM_OBJECT] + m->forms[FORM_ARRAY];
    return holds(all - others, all) ? CAST_TEXT : CAST_JSONB;
}

/* ---- SQL ---- */

/* value is what is to be quoted. */
static enum err_code add_literal(struct buf *sql, const char *value, struct err *e)
{
    const struct sql_var var = {"value", value};

    return sql_expand(sql, ":'value'", &var, 1, e);
}

enum err_code member_value_sql(struct buf *sql, const char *const path[], bool text, struct err *e)
{
    enum err_code rc = OK;
    unsigned depth = 0;

    while (depth < MEMBER_LEVELS && path[depth] != NULL)
        depth++;
    for (unsigned i = 0; i < depth && rc == OK; i++)
        rc = buf_addc(sql, '(');
    if (rc == OK)
        rc = buf_adds(sql, "data");
    for (unsigned i = 0; i < depth && rc == OK; i++) {
        bool last = i + 1 == depth;
        rc = buf_adds(sql,
                      text && last ? " OPERATOR(pg_catalog.->>) " : " OPERATOR(pg_catalog.->) ");
        if (rc == OK && (rc = add_literal(sql, path[i], e)) != OK)
            return rc;
        if (rc == OK)
            rc = buf_addc(sql, ')');
    }
    return rc == OK ? OK : buf_err(e, rc, sql, "a column's expression");
}

/* What stands behind the test. $ is the member's text. */
static const char *const casts[CASTS] = {
    [CAST_INTEGER] = "$::integer",
    [CAST_BIGINT] = "$::bigint",
    [CAST_NUMERIC] = "$::numeric",
    [CAST_UUID] = "$::pg_catalog.uuid",
    [CAST_DATE] = "pg_catalog.make_date(pg_catalog.substr($, 1, 4)::integer, pg_catalog.substr($, "
                  "6, 2)::integer, "
                  "pg_catalog.substr($, 9, 2)::integer)",
    [CAST_TIME] = "pg_catalog.make_time(pg_catalog.substr($, 1, 2)::integer, pg_catalog.substr($, "
                  "4, 2)::integer, "
                  "('0' OPERATOR(pg_catalog.||) pg_catalog.substr($, 7))::pg_catalog.float8)",
    [CAST_TIMESTAMP] =
        "pg_catalog.make_timestamp(pg_catalog.substr($, 1, 4)::integer, "
        "pg_catalog.substr($, 6, 2)::integer, pg_catalog.substr($, 9, 2)::integer, "
        "pg_catalog.substr($, 12, 2)::integer, pg_catalog.substr($, 15, 2)::integer, "
        "pg_catalog.substr($, 18)::pg_catalog.float8)",
    [CAST_TIMESTAMPTZ] =
        "pg_catalog.timezone('UTC', pg_catalog.make_timestamp(pg_catalog.substr($, 1, 4)::integer, "
        "pg_catalog.substr($, 6, 2)::integer, pg_catalog.substr($, 9, 2)::integer, "
        "pg_catalog.substr($, 12, 2)::integer, pg_catalog.substr($, 15, 2)::integer, "
        "pg_catalog.substring(pg_catalog.substr($, 18), '^[0-9.]+')::pg_catalog.float8) "
        "OPERATOR(pg_catalog.-) CASE WHEN $ OPERATOR(pg_catalog.~~) '%Z' THEN "
        "pg_catalog.make_interval() "
        "ELSE pg_catalog.make_interval(hours => pg_catalog.\"left\"(pg_catalog.\"right\"("
        "pg_catalog.replace($, ':', ''), 5), 3)::integer, mins => "
        "(pg_catalog.\"left\"(pg_catalog.\"right\"("
        "pg_catalog.replace($, ':', ''), 5), 1) OPERATOR(pg_catalog.||) pg_catalog.\"right\"($, "
        "2))::integer) END)",
};

static enum err_code add_cast(struct buf *sql, enum member_cast cast, const char *text)
{
    enum err_code rc = OK;

    for (const char *p = casts[cast]; *p != '\0' && rc == OK;) {
        size_t plain = strcspn(p, "$");
        if ((rc = buf_add(sql, p, plain)) != OK || p[plain] == '\0')
            return rc;
        rc = buf_adds(sql, text);
        p += plain + 1;
    }
    return rc;
}

static enum err_code add_case(struct buf *sql, enum member_form form, enum member_cast cast,
                              const char *text)
{
    enum err_code rc = buf_adds(sql, " WHEN ");

    if (rc == OK)
        rc = member_form_test(sql, form, text);
    if (rc == OK)
        rc = buf_adds(sql, " THEN ");
    return rc == OK ? add_cast(sql, cast, text) : rc;
}

static enum err_code add_guarded(struct buf *sql, enum member_cast cast, const char *value,
                                 const char *text)
{
    static const enum member_form form_of[CASTS] = {
        [CAST_INTEGER] = FORM_INTEGER,   [CAST_BIGINT] = FORM_BIGINT,
        [CAST_NUMERIC] = FORM_DECIMAL,   [CAST_DATE] = FORM_DATE,
        [CAST_TIME] = FORM_TIME,         [CAST_TIMESTAMP] = FORM_TIMESTAMP,
        [CAST_TIMESTAMPTZ] = FORM_ZONED, [CAST_UUID] = FORM_UUID};
    enum err_code rc;

    if (cast == CAST_JSONB || cast == CAST_TEXT)
        return buf_adds(sql, cast == CAST_TEXT ? text : value);
    if (cast == CAST_BOOLEAN)
        return buf_addf(
            sql,
            "CASE WHEN %s OPERATOR(pg_catalog.=) ANY ('{true,1}'::pg_catalog.text[]) THEN true "
            "WHEN %s OPERATOR(pg_catalog.=) ANY ('{false,0}'::pg_catalog.text[]) THEN false END",
            text, text);
    rc = buf_adds(sql, "CASE");
    if (rc == OK && cast == CAST_NUMERIC)
        rc = buf_addf(
            sql,
            " WHEN pg_catalog.jsonb_typeof(%s) OPERATOR(pg_catalog.=) 'number' THEN %s::numeric",
            value, value);
    if (rc == OK)
        rc = add_case(sql, form_of[cast], cast, text);
    if (rc == OK && cast == CAST_TIMESTAMP) { /* a date alone is its midnight */
        rc = buf_adds(sql, " WHEN ");
        if (rc == OK)
            rc = member_form_test(sql, FORM_DATE, text);
        if (rc == OK)
            rc = buf_adds(sql, " THEN ");
        if (rc == OK)
            rc = add_cast(sql, CAST_DATE, text);
        if (rc == OK)
            rc = buf_adds(sql, "::pg_catalog.timestamp");
    }
    return rc == OK ? buf_adds(sql, " END") : rc;
}

enum err_code member_cast_sql(struct buf *sql, enum member_cast cast, const char *const path[],
                              struct err *e)
{
    struct buf value;
    struct buf text;
    enum err_code rc;

    buf_init(&value, SQL_MAX);
    buf_init(&text, SQL_MAX);
    if ((rc = member_value_sql(&value, path, false, e)) == OK &&
        (rc = member_value_sql(&text, path, true, e)) == OK &&
        (rc = add_guarded(sql, cast, value.data, text.data)) != OK)
        rc = buf_err(e, rc, sql, "a column's expression");
    buf_free(&value);
    buf_free(&text);
    return rc;
}

enum err_code member_misfit_sql(struct buf *sql, enum member_cast cast, const char *const path[],
                                struct err *e)
{
    static const char none[] =
        " OPERATOR(pg_catalog.<>) ALL ('{\"\",\"{}\",\"[]\"}'::pg_catalog.text[]) AND ";
    enum err_code rc = buf_adds(sql, "((");

    if (rc == OK && (rc = member_cast_sql(sql, cast, path, e)) != OK)
        return rc;
    if (rc == OK)
        rc = buf_adds(sql, ") IS NULL AND ");
    if (rc == OK && (rc = member_value_sql(sql, path, true, e)) != OK)
        return rc;
    if (rc == OK)
        rc = buf_adds(sql, none);
    if (rc == OK && (rc = member_value_sql(sql, path, true, e)) != OK)
        return rc;
    if (rc == OK)
        rc = buf_adds(sql, " OPERATOR(pg_catalog.!~) '^(0000-00-00|-0001-11-30)')");
    return rc == OK ? OK : buf_err(e, rc, sql, "a member's condition");
}
