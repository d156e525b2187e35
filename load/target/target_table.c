#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/target/table_key.h"
#include "load/target/target_table_private.h"
#include "shared/base/table_names.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_bookkeeping(void *ctx, const PGresult *r, const struct err *err);
static void on_list(void *ctx, const PGresult *r, const struct err *err);
static void on_create(void *ctx, const PGresult *r, const struct err *err);
static void on_progress(void *ctx, const PGresult *r, const struct err *err);
static void on_adopted(void *ctx, const PGresult *r, const struct err *err);
static void on_empty(void *ctx, const PGresult *r, const struct err *err);

void relation_free(struct relation *r)
{
    free(r->schema);
    free(r->name);
    free(r->key);
    free(r->key_type);
    *r = (struct relation){0};
}

enum err_code target_table_open(struct target_table **out, const struct target_table_conf *conf,
                                struct err *e)
{
    struct target_table *s = calloc(1, sizeof *s);

    if (s == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    s->conf = *conf;
    s->table = strdup(conf->table);
    s->spool = strdup(conf->spool);
    s->schema = strdup(conf->schema != NULL ? conf->schema : "");
    buf_init(&s->sql, SQL_MAX);
    if (s->table == NULL || s->spool == NULL || s->schema == NULL) {
        target_table_close(s);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    *out = s;
    return OK;
}

void target_table_close(struct target_table *s)
{
    if (s == NULL)
        return;
    relation_free(&s->relation);
    known_progress_free(&s->known);
    buf_free(&s->sql);
    free(s->table);
    free(s->spool);
    free(s->schema);
    free(s);
}

enum err_code relation_read(struct relation *r, const PGresult *list, int row, struct err *e)
{
    relation_free(r);
    r->schema = strdup(PQgetvalue(list, row, LIST_SCHEMA));
    r->name = strdup(PQgetvalue(list, row, LIST_RELATION));
    r->key = strdup(PQgetvalue(list, row, LIST_KEY));
    r->key_type = strdup(PQgetvalue(list, row, LIST_KEY_TYPE));
    r->key_min = db_answer_number(list, row, LIST_MIN);
    r->key_max = db_answer_number(list, row, LIST_MAX);
    r->key_size = r->key_max <= INT16_MAX ? 2 : r->key_max <= INT32_MAX ? 4 : 8;
    (void)snprintf(r->identity, sizeof r->identity, "%s", PQgetvalue(list, row, LIST_IDENTITY));
    r->triggers = !PQgetisnull(list, row, LIST_TRIGGERS);
    r->retimed = false;
    r->direct = strcmp(PQgetvalue(list, row, LIST_DIRECT), "t") == 0;
    if (r->schema == NULL || r->name == NULL || r->key == NULL || r->key_type == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    return OK;
}

enum err_code target_table_list(struct buf *sql, const char *schema, struct err *e)
{
    const struct sql_var vars[] = {{"schema", schema != NULL ? schema : ""}};

    buf_reset(sql);
    return sql_expand(sql, sql_list_tables, vars, 1, e);
}

/* Ends the search. Frees the statement's text, since each of many tables would keep its own. */
void target_table_end(struct target_table *s, const struct err *err)
{
    buf_free(&s->sql);
    s->done(s->ctx, err);
}

static void list(struct target_table *s)
{
    const struct sql_var vars[] = {{"schema", s->schema}};
    struct err e = ERR_INIT;

    if (target_table_stopped(s))
        return;
    if (sql_begin_tagged(&s->sql, s->table, &e) != OK ||
        sql_expand(&s->sql, sql_list_tables, vars, 1, &e) != OK)
        target_table_end(s, &e);
    else
        db_query_bare(s->db, s->sql.data, on_list, s);
}

void target_table_find_alone(struct target_table *s)
{
    if (target_table_stopped(s))
        return;
    s->alone = true;
    s->at = when_tick();
    target_table_busy(s);
    if (s->conf.dry_run)
        list(s);
    else
        db_query(s->db, sql_schema, NULL, 0, on_bookkeeping, s);
}

static void on_bookkeeping(void *ctx, const PGresult *r, const struct err *err)
{
    struct target_table *s = ctx;

    (void)r;
    if (err == NULL) {
        if (s->conf.look != NULL)
            tables_look_made(s->conf.look);
        list(s);
        return;
    }
    struct err why = *err;
    bool there = strstr(err->msg, "netty_sync") != NULL;
    if (strcmp(err->sqlstate, "42501") != 0)
        err_prefix(&why, "the bookkeeping in the schema netty_sync");
    else if (there)
        err_prefix(
            &why,
            "the bookkeeping is closed to this role (GRANT USAGE ON SCHEMA netty_sync, "
            "and GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA netty_sync, to it)");
    else
        err_prefix(&why, "cannot make the bookkeeping schema netty_sync (GRANT CREATE ON the "
                         "DATABASE to this role, or let an administrator run netty-load once)");
    target_table_end(s, &why);
}

static void create(struct target_table *s)
{
    char name[NAMES_TABLE_MAX + 8];
    char key[RECORD_KEY_NAME];
    struct err e = ERR_INIT;

    names_relation(s->table, name);
    if (table_key_find(s->conf.records, s->table, key, &e) != OK) {
        target_table_end(s, &e);
        return;
    }
    const struct sql_var vars[] = {{"schema", s->schema},
                                   {"first_schema", sql_first_schema},
                                   {"relation", name},
                                   {"key", key}};
    buf_reset(&s->sql);
    s->created = true;
    if (sql_expand(&s->sql, sql_create_table, vars, 4, &e) != OK)
        target_table_end(s, &e);
    else
        db_query_bare(s->db, s->sql.data, on_create, s);
}

static void on_create(void *ctx, const PGresult *r, const struct err *err)
{
    struct target_table *s = ctx;

    (void)r;
    if (s->conf.look != NULL)
        tables_look_forget(s->conf.look);
    if (err != NULL) {
        struct err why = *err;
        err_prefix(&why, "cannot create the table netty-%s", s->table);
        target_table_end(s, &why);
        return;
    }
    if (PQntuples(r) == 1)
        LOG(LOG_INFO, "created",
            "table created, for its owner alone; these let another role read it",
            F_STR("table", s->table), F_STR("grant", PQgetvalue(r, 0, 0)),
            F_STR("policy", PQgetvalue(r, 0, 1)));
    list(s);
}

static enum err_code one_element(struct buf *b, const char *text)
{
    enum err_code rc = buf_addc(b, '{');

    if (rc == OK)
        rc = table_list_element(b, text);
    return rc == OK ? buf_addc(b, '}') : rc;
}

/* Reads the bookkeeping without a lock: the transaction that loads sees what another loader did meanwhile. */
void target_table_read_progress(struct target_table *s)
{
    const struct relation *r = &s->relation;
    const char *const texts[3] = {r->schema, s->table, r->name};
    struct buf arrays[3];
    struct err e = ERR_INIT;
    enum err_code rc = OK;

    known_progress_free(&s->known);
    s->empty = false;
    if (target_table_stopped(s))
        return;
    if (r->schema == NULL || r->name == NULL) { /* --dry-run of a table that is still to be made */
        target_table_end(s, NULL);
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        buf_init(&arrays[i], SQL_MAX);
        if (rc == OK && (rc = one_element(&arrays[i], texts[i])) != OK)
            buf_err(&e, rc, &arrays[i], "the table's name");
    }
    const struct sql_var vars[] = {{"spool", s->spool},
                                   {"schemas", arrays[0].data},
                                   {"table_names", arrays[1].data},
                                   {"relations", arrays[2].data},
                                   {"stored_in", s->unstored ? SQL_STORED_IN_NONE : SQL_STORED_IN}};
    if (rc == OK && (rc = sql_begin_tagged(&s->sql, s->table, &e)) == OK)
        rc = sql_expand(&s->sql, sql_progress_find, vars, 5, &e);
    for (size_t i = 0; i < 3; i++)
        buf_free(&arrays[i]);
    if (rc != OK)
        target_table_end(s, &e);
    else
        db_query(s->db, s->sql.data, NULL, 0, on_progress, s);
}

/* Makes progress this table's that came with a dump, from an earlier netty-load, or of a table that was dropped. */
static void adopt(struct target_table *s)
{
    const struct relation *r = &s->relation;
    const struct sql_var vars[] = {{"spool", s->spool},
                                   {"table_name", s->table},
                                   {"schema", r->schema},
                                   {"relation", r->name}};
    struct err e = ERR_INIT;

    s->adopted = true;
    buf_reset(&s->sql);
    if (sql_expand(&s->sql, sql_progress_adopt, vars, 4, &e) != OK)
        target_table_end(s, &e);
    else
        db_query(s->db, s->sql.data, NULL, 0, on_adopted, s);
}

static void on_adopted(void *ctx, const PGresult *r, const struct err *err)
{
    (void)r;
    if (err != NULL)
        target_table_end(ctx, err);
    else
        target_table_read_progress(ctx);
}

/* Finds out whether the table has rows. At a first load it usually has none. */
void target_table_find_rows(struct target_table *s)
{
    const struct relation *r = &s->relation;
    const struct sql_var vars[] = {{"schema", r->schema}, {"relation", r->name}};
    const struct progress none = {0};
    struct err e = ERR_INIT;
    bool first = true;

    for (size_t b = 0; b < s->known.branches_count; b++)
        for (size_t i = 0; i < LANES; i++)
            first = first && progress_compare(&s->known.branches[b].at.at[i], &none) == 0;
    if (s->conf.dry_run || !first) {
        target_table_end(s, NULL);
        return;
    }
    if (target_table_stopped(s))
        return;
    target_table_busy(s);
    if (sql_begin_tagged(&s->sql, s->table, &e) != OK ||
        sql_expand(&s->sql, sql_table_empty, vars, 2, &e) != OK)
        target_table_end(s, &e);
    else
        db_query(s->db, s->sql.data, NULL, 0, on_empty, s);
}

static void on_progress(void *ctx, const PGresult *r, const struct err *err)
{
    struct target_table *s = ctx;

    struct err why = ERR_INIT;

    if (err != NULL && !s->unstored &&
        (strcmp(err->sqlstate, "42P01") == 0 || strcmp(err->sqlstate, "42501") == 0)) {
        s->unstored = true;
        target_table_read_progress(s);
        return;
    }
    if (err != NULL && s->conf.dry_run && strcmp(err->sqlstate, "42P01") == 0)
        err = NULL; /* no bookkeeping yet: nothing is loaded */
    else if (err == NULL && known_progress_read(&s->known, r, s->table, &why) != OK)
        err = &why;
    if (err != NULL && err != &why)
        why = *err;
    if (err != NULL &&
        strcmp(err->sqlstate, "42703") == 0) /* a column lacks: --dry-run changes nothing */
        err_prefix(&why, "the bookkeeping is an earlier netty-load's; any run that may write "
                         "brings it up to date");
    if (err != NULL)
        target_table_end(s, &why);
    else if (s->known.foreign && !s->adopted && !s->conf.dry_run)
        adopt(s);
    else
        target_table_find_rows(s);
}

/* Takes the answer whether the table is empty. It is not needed: a lock that outlasts a statement will show again when the rows are sent. */
static void on_empty(void *ctx, const PGresult *r, const struct err *err)
{
    struct target_table *s = ctx;

    if (err != NULL && db_lost(s->db)) {
        target_table_end(s, err);
        return;
    }
    s->empty = err == NULL && PQntuples(r) == 1 && strcmp(PQgetvalue(r, 0, 0), "t") == 0;
    target_table_end(s, NULL);
}

static void on_missing(struct target_table *s)
{
    struct err why = ERR_INIT;

    relation_free(&s->relation);
    if (s->conf.dry_run) {
        target_table_read_progress(s);
        return;
    }
    if (s->conf.create && !s->created) {
        create(s);
        return;
    }
    err_set(&why, ERR_CONFIG,
            "the database has no table netty-%s %s%s; create it, or run with "
            "--create-tables",
            s->table, s->schema[0] != '\0' ? "in the schema " : "that search_path shows",
            s->schema);
    target_table_end(s, &why);
}

static void on_list(void *ctx, const PGresult *r, const struct err *err)
{
    struct target_table *s = ctx;
    struct err why = ERR_INIT;
    int row = 0;

    if (err != NULL) {
        target_table_end(s, err);
        return;
    }
    while (row < PQntuples(r) && strcmp(PQgetvalue(r, row, LIST_TABLE), s->table) != 0)
        row++;
    if (row == PQntuples(r)) {
        on_missing(s);
        return;
    }
    if (!PQgetisnull(r, row, LIST_PROBLEM)) {
        bool denied = strcmp(PQgetvalue(r, row, LIST_DENIED), "t") == 0;
        err_set(&why, denied ? ERR_DENIED : ERR_CONFIG,
                "the table netty-%s %s; mend that, then run again", s->table,
                PQgetvalue(r, row, LIST_PROBLEM));
        target_table_end(s, &why);
        return;
    }
    target_table_tell_security(s, r, row);
    if (relation_read(&s->relation, r, row, &why) != OK)
        target_table_end(s, &why);
    else if (s->relation.triggers && !s->conf.dry_run) {
        target_table_name_triggers(s, r, row);
        target_table_try_triggers(s);
    } else
        target_table_read_progress(s);
}

const struct relation *target_table_relation(const struct target_table *s)
{
    return &s->relation;
}

struct known_progress *target_table_known(struct target_table *s)
{
    return &s->known;
}

int64_t target_table_at(const struct target_table *s)
{
    return s->at;
}

bool target_table_empty(const struct target_table *s)
{
    return s->empty;
}

bool target_table_unprobed(const struct target_table *s)
{
    return s->relation.triggers && s->unprobed;
}
