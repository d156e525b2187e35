#include "load/profile/table_profile.h"
#include "load/database/db_answer.h"
#include "load/database/db_decide.h"
#include "load/database/sql.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)1 << 16)

enum {
    COLUMN_PATH,
    COLUMN_RECORDS = MEMBER_LEVELS,
    COLUMN_STRINGS,
    COLUMN_NUMBERS,
    COLUMN_BOOLEANS,
    COLUMN_OBJECTS,
    COLUMN_ARRAYS,
    COLUMN_NULLS,
    COLUMN_DISTINCT,
    COLUMN_LEAST,
    COLUMN_GREATEST,
    COLUMN_FIRST,
    COLUMN_LAST,
    COLUMN_SEEN,
    COLUMN_FORMS
};

struct work {
    struct table_profile *profile;
    struct command_context *context;
    const struct command_table *target;
    const char *depth;
    int64_t rows, bytes;
};

/* ---- the statement ---- */

/* The tests of the forms, in the order of the variables below. */
static const struct {
    const char *name;
    enum member_form form;
} guards[] = {{"integer", FORM_INTEGER}, {"whole", FORM_BIGINT}, {"decimal", FORM_DECIMAL},
              {"date", FORM_DATE},       {"time", FORM_TIME},    {"timestamp", FORM_TIMESTAMP},
              {"zoned", FORM_ZONED},     {"uuid", FORM_UUID}};
#define GUARDS (sizeof guards / sizeof *guards)

static enum err_code add_counts(struct buf *sql)
{
    enum err_code rc = OK;

    for (unsigned f = 0; f < FORMS && rc == OK; f++)
        rc =
            buf_addf(sql, "%spg_catalog.sum(c.n) FILTER (WHERE c.form OPERATOR(pg_catalog.=) '%s')",
                     f > 0 ? ", " : "", member_form_name((enum member_form)f));
    return rc;
}

static enum err_code query(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    struct buf texts[GUARDS + 1];
    char most[16]; /* and one that tells of more */
    struct sql_var vars[GUARDS + 5] = {{"schema", w->target->relation.schema},
                                       {"relation", w->target->relation.name},
                                       {"depth", w->depth},
                                       {"most", most}};
    enum err_code rc = OK;

    (void)snprintf(most, sizeof most, "%d", PROFILE_MOST + 1);
    for (size_t i = 0; i <= GUARDS; i++)
        buf_init(&texts[i], SQL_MAX);
    for (size_t i = 0; i < GUARDS && rc == OK; i++) {
        rc = member_form_test(&texts[i], guards[i].form, "x.text");
        vars[i + 4] = (struct sql_var){guards[i].name, texts[i].data};
    }
    if (rc == OK)
        rc = add_counts(&texts[GUARDS]);
    vars[GUARDS + 4] = (struct sql_var){"counts", texts[GUARDS].data};
    if (rc == OK)
        rc = session_run(s, sql_profile, vars, GUARDS + 5, &w->profile->result, e);
    else
        rc = buf_err(e, rc, &texts[GUARDS], "the statement");
    for (size_t i = 0; i <= GUARDS; i++)
        buf_free(&texts[i]);
    return rc == OK ? OK : table_profile_explain(w->context, w->target, e);
}

/* ---- the answer ---- */

static const char *text_of(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) ? NULL : PQgetvalue(r, row, column);
}

static void read_member(struct member *m, const PGresult *r, int row)
{
    *m = (struct member){.records = db_answer_number(r, row, COLUMN_RECORDS),
                         .strings = db_answer_number(r, row, COLUMN_STRINGS),
                         .numbers = db_answer_number(r, row, COLUMN_NUMBERS),
                         .booleans = db_answer_number(r, row, COLUMN_BOOLEANS),
                         .objects = db_answer_number(r, row, COLUMN_OBJECTS),
                         .arrays = db_answer_number(r, row, COLUMN_ARRAYS),
                         .distinct = db_answer_number(r, row, COLUMN_DISTINCT),
                         .least = text_of(r, row, COLUMN_LEAST),
                         .greatest = text_of(r, row, COLUMN_GREATEST),
                         .first = text_of(r, row, COLUMN_FIRST),
                         .last = text_of(r, row, COLUMN_LAST),
                         .seen = db_answer_time(r, row, COLUMN_SEEN)};
    for (int i = 0; i < MEMBER_LEVELS; i++)
        m->path[i] = text_of(r, row, COLUMN_PATH + i);
    for (int f = 0; f < FORMS; f++)
        m->forms[f] = db_answer_number(r, row, COLUMN_FORMS + f);
}

static bool below(const struct member *m, const struct member *parent)
{
    unsigned i = 0;

    while (i < MEMBER_LEVELS && parent->path[i] != NULL) {
        if (m->path[i] == NULL || strcmp(m->path[i], parent->path[i]) != 0)
            return false;
        i++;
    }
    return i < MEMBER_LEVELS && m->path[i] != NULL;
}

/* The members below one stand right behind it. */
static void leave_wide_ones_away(struct table_profile *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->count;) {
        size_t next = i + 1;
        while (next < p->count && below(&p->members[next], &p->members[i]))
            next++;
        bool wide = next - i - 1 > PROFILE_WIDE;
        p->wide[kept] = wide;
        p->members[kept++] = p->members[i];
        i = wide ? next : i + 1;
    }
    p->count = kept;
}

enum err_code table_profile_read(struct table_profile *p, struct command_context *c,
                                 const struct command_table *t, int64_t depth, struct err *e)
{
    char text[24];
    struct work w = {.profile = p, .context = c, .target = t, .depth = text};

    *p = (struct table_profile){0};
    (void)snprintf(text, sizeof text, "%" PRId64, depth);
    session_long(c->session, true);
    enum err_code rc = session_try(c->session, query, &w, e);
    session_long(c->session, false);
    if (rc != OK)
        return rc;
    size_t n = (size_t)PQntuples(p->result);
    p->cut = n > PROFILE_MOST;
    p->count = p->cut ? PROFILE_MOST : n;
    p->members = calloc(p->count + 1, sizeof *p->members);
    p->wide = calloc(p->count + 1, sizeof *p->wide);
    if (p->members == NULL || p->wide == NULL) {
        table_profile_free(p);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < p->count; i++)
        read_member(&p->members[i], p->result, (int)i);
    leave_wide_ones_away(p);
    if (p->cut)
        LOG(LOG_WARN, "profile", "the table has more members than are looked at",
            F_STR("table", t->table), F_INT("members", PROFILE_MOST));
    return OK;
}

void table_profile_free(struct table_profile *p)
{
    PQclear(p->result);
    free(p->members);
    free(p->wide);
    *p = (struct table_profile){0};
}

/* ---- what it costs ---- */

static enum err_code ask_size(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct sql_var vars[] = {{"schema", w->target->relation.schema},
                                   {"relation", w->target->relation.name}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_profile_size, vars, 2, &r, e);

    if (rc == OK && PQntuples(r) != 1)
        rc = err_set(e, ERR_REFUSED, "the table %s is gone", w->target->relation.name);
    if (rc == OK) {
        w->rows = db_answer_number(r, 0, 0);
        w->bytes = db_answer_number(r, 0, 1);
    }
    PQclear(r);
    return rc;
}

enum err_code table_profile_cost(struct command_context *c, const struct command_table *t,
                                 int64_t *rows, int64_t *bytes, struct err *e)
{
    struct work w = {.context = c, .target = t};
    enum err_code rc = session_try(c->session, ask_size, &w, e);

    *rows = w.rows;
    *bytes = w.bytes;
    return rc;
}

enum err_code table_profile_explain(const struct command_context *c, const struct command_table *t,
                                    struct err *e)
{
    char why[sizeof e->msg];

    if (db_trouble_of(DB_PHASE_MAINTENANCE, e) != DB_TOO_SLOW || session_stopping(c->session))
        return e->code;
    (void)snprintf(why, sizeof why, "%s", e->msg);
    e->sqlstate[0] = '\0';
    return err_set(e, ERR_REFUSED,
                   "%.500s; reading all of %s takes longer than this role's statement_timeout: "
                   "ALTER ROLE ... SET statement_timeout = 0, run again, and set it back",
                   why, t->relation.name);
}
