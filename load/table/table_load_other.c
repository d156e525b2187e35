/*
 * The first load of a spool into a table that another spool has fed. If the two spools are of two accounts, their records would be mixed. So the
 * first records of this spool must be records of the table: the same keys, created at the same time. A fresh spool has such records, since its
 * fetch begins at the table's greatest time (max_modified.sql).
 */
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/row/row.h"
#include "load/table/table_load_private.h"
#include "shared/log/log.h"
#include "spool/reader/reader.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE     200u /* records */
#define ARRAY_MAX  ((size_t)64 << 10)
#define RECORD_MAX ((size_t)256 << 20)

struct sample {
    struct buf keys, created, modified;
    size_t n;
};

static enum err_code add_time(struct buf *b, int64_t t)
{
    return t == WHEN_NONE ? buf_adds(b, "null") : buf_addf(b, "%" PRId64, t);
}

static enum err_code add_row(struct sample *s, const struct row *row)
{
    const char *between = s->n++ > 0 ? "," : "{";
    enum err_code rc;
    if ((rc = buf_adds(&s->keys, between)) != OK || (rc = buf_adds(&s->created, between)) != OK ||
        (rc = buf_adds(&s->modified, between)) != OK ||
        (rc = buf_addf(&s->keys, "%" PRId64, row->key)) != OK ||
        (rc = add_time(&s->created, row->time_created)) != OK)
        return rc;
    return add_time(&s->modified, row->time_modified);
}

/* Adds the records of the reader's page. Lines that are no rows are passed over. */
static enum err_code add_page(struct sample *s, struct reader *r, struct row_builder *builder,
                              struct err *e)
{
    struct buf data;
    const char *line = NULL;
    size_t n = 0;
    enum err_code rc = OK;
    buf_init(&data, RECORD_MAX);
    while (rc == OK && s->n < SAMPLE && (rc = reader_line(r, &line, &n, e)) == OK && line != NULL) {
        struct row row;
        struct row_refusal refusal;
        bool refused = false;
        buf_reset(&data);
        rc = row_build(builder, line, n, &data, &row, &refused, &refusal, e);
        if (rc == OK && !refused && (rc = add_row(s, &row)) != OK)
            (void)err_set(e, rc, "out of memory for a spool's records");
    }
    buf_free(&data);
    return rc == ERR_TOO_BIG || rc == ERR_DAMAGED ? OK : rc;
}

static enum err_code read_sample(const struct table_load *t, struct sample *s, struct err *e)
{
    const struct relation *rel = target_table_relation(t->target);
    const struct row_conf conf = {.key = rel->key,
                                  .key_min = rel->key_min,
                                  .key_max = rel->key_max,
                                  .zone = t->conf.zone,
                                  .replace_nul = true};
    struct row_builder *builder = NULL;
    struct reader *r = NULL;
    const struct page_info *info = NULL;
    enum reader_what what = READER_PAGE;
    enum err_code rc = row_builder_open(&builder, &conf, e);
    if (rc == OK)
        rc = reader_open(&r, t->conf.spool, t->name, e);
    while (rc == OK && s->n < SAMPLE && what != READER_END) {
        struct err damage = ERR_INIT;
        rc = reader_next(r, &info, &what, &damage);
        if (rc != OK)
            *e = damage;
        else if (what == READER_PAGE)
            rc = add_page(s, r, builder, e);
    }
    reader_close(r);
    row_builder_close(builder);
    return rc;
}

/* Logs that the spool takes the table over. Rows that this spool does not bring stay as the other spool left them. */
static void report(const struct table_load *t)
{
    const struct known_progress *k = target_table_known(t->target);
    char at[WHEN_TEXT];
    LOG(LOG_WARN, "another-spool",
        "this database's table was loaded from another spool before; what that one had not loaded "
        "yet, and this one does not hold, is missing until netty-extract --full",
        F_STR("table", t->name), F_STR("spool", k->other),
        F_STR("loaded", when_iso(k->other_at, at)));
}

static void on_looked(void *ctx, const PGresult *r, const struct err *err)
{
    struct table_load *t = ctx;
    const struct relation *rel = target_table_relation(t->target);
    const struct known_progress *k = target_table_known(t->target);
    struct err e = ERR_INIT;
    char at[WHEN_TEXT];
    if (err != NULL) {
        table_load_failed(t, DB_PHASE_BOOKKEEPING, err);
        return;
    }
    int64_t same = db_answer_number(r, 0, 0);
    int64_t other = db_answer_number(r, 0, 1);
    if (same > other || !db_answer_true(r, 2)) {
        report(t);
        table_load_locate(t);
        return;
    }
    err_set(&e, ERR_CONFIG,
            "the table %s of schema %s is fed by another spool, %s, last at %s, and this spool's "
            "records are not the table's (of its first ones, %u at most, %" PRId64
            " were created when the table says so, and %" PRId64
            " at another time): two accounts would be mixed. Name another --schema, or --spool; "
            "or, if this spool is to feed the table from now on, give --adopt once",
            rel->name, rel->schema, k->other, when_iso(k->other_at, at), SAMPLE, same, other);
    table_load_give_up(t, &e);
}

static enum err_code make_statement(struct table_load *t, bool *some, struct err *e)
{
    const struct relation *rel = target_table_relation(t->target);
    struct sample s = {.n = 0};
    enum err_code rc;
    buf_init(&s.keys, ARRAY_MAX);
    buf_init(&s.created, ARRAY_MAX);
    buf_init(&s.modified, ARRAY_MAX);
    rc = read_sample(t, &s, e);
    *some = rc == OK && s.n > 0;
    if (*some &&
        ((rc = buf_add(&s.keys, "}", 2)) != OK || (rc = buf_add(&s.created, "}", 2)) != OK ||
         (rc = buf_add(&s.modified, "}", 2)) != OK))
        (void)err_set(e, rc, "out of memory for a spool's records");
    if (rc == OK && *some) {
        const struct sql_var vars[] = {{"schema", rel->schema},     {"relation", rel->name},
                                       {"key", rel->key},           {"keys", s.keys.data},
                                       {"created", s.created.data}, {"modified", s.modified.data}};
        buf_reset(&t->sql);
        rc = sql_expand(&t->sql, sql_other_look, vars, sizeof vars / sizeof *vars, e);
    }
    buf_free(&s.keys);
    buf_free(&s.created);
    buf_free(&s.modified);
    return rc;
}

void table_load_judge_other(struct table_load *t)
{
    const struct known_progress *k = target_table_known(t->target);
    struct err e = ERR_INIT;
    bool some = false;
    bool first = k->branches_count == 0 && k->other[0] != '\0';
    if (first && t->conf.adopt)
        report(t);
    else if (first && make_statement(t, &some, &e) != OK) {
        table_load_give_up(t, &e);
        return;
    }
    if (some)
        table_load_ask(t, t->sql.data, on_looked);
    else /* where the spool has no record there is nothing that could be mixed */
        table_load_locate(t);
}
