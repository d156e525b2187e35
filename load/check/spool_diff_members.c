/* netty-load check --merge: members that rows have kept, and that the source does not send any more. */
#include "load/check/spool_diff.h"
#include "load/check/spool_diff_keys.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "shared/log/log.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 65536
#define TEXT_MAX    ((size_t)64 << 20) /* of a batch's parameters */

struct member_count {
    char *name, *keys;
    uint64_t rows;
};

struct work {
    struct spool_diff_keys k;
    struct member_count *members;
    size_t count;
    uint64_t compared, skipped;
    size_t from, to; /* the batch */
    struct buf keys, shapes, times, names;
    uint32_t *place; /* of a shape's names among those that are sent, from 1; 0: not yet */
};

/* ---- a batch's parameters ---- */

static enum err_code add_version(struct work *w, const struct latest_versions_version *v,
                                 uint32_t *sent)
{
    const char *comma = w->keys.len > 1 ? "," : "";
    enum err_code rc = OK;

    if (w->place[v->shape] == 0) {
        rc = buf_addf(&w->names, "%s%s", *sent > 0 ? "," : "",
                      latest_versions_names(w->k.latest, v->shape));
        w->place[v->shape] = ++*sent;
    }
    if (rc == OK)
        rc = buf_addf(&w->keys, "%s%" PRId64, comma, v->key);
    if (rc == OK)
        rc = buf_addf(&w->shapes, "%s%" PRIu32, comma, w->place[v->shape] - 1);
    if (rc == OK)
        rc = v->time == WHEN_NONE ? buf_addf(&w->times, "%sNULL", comma)
                                  : buf_addf(&w->times, "%s%" PRId64, comma, v->time);
    return rc;
}

static enum err_code each_buf(struct work *w, const char opening[4], bool reset)
{
    struct buf *all[] = {&w->keys, &w->shapes, &w->times, &w->names};
    enum err_code rc = OK;

    for (size_t i = 0; rc == OK && i < 4; i++) {
        if (reset)
            buf_reset(all[i]);
        rc = buf_addc(all[i], opening[i]);
    }
    return rc;
}

static enum err_code build_batch(struct work *w, struct err *e)
{
    uint32_t sent = 0;
    enum err_code rc = each_buf(w, "{{{[", true);

    free(w->place);
    w->place = calloc(latest_versions_shapes(w->k.latest) + 1, sizeof *w->place);
    if (w->place == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    for (size_t i = w->from; rc == OK && i < w->to; i++) {
        const struct latest_versions_version *v = latest_versions_of(w->k.latest, i);
        if (v->seen && v->shape != LATEST_VERSIONS_NO_SHAPE)
            rc = add_version(w, v, &sent);
    }
    if (rc == OK)
        rc = each_buf(w, "}}}]", false);
    return rc == OK ? OK : buf_err(e, rc, &w->names, "the names of a batch's members");
}

/* ---- and what comes of it ---- */

static enum err_code note(struct work *w, const char *name, uint64_t rows, const char *keys,
                          struct err *e)
{
    size_t i = 0;

    while (i < w->count && strcmp(w->members[i].name, name) != 0)
        i++;
    if (i == MEMBERS_MAX)
        return err_set(e, ERR_TOO_BIG, "rows have kept more than %d different members",
                       MEMBERS_MAX);
    if (i == w->count) {
        struct member_count *grown = reallocarray(w->members, i + 1, sizeof *grown);
        if (grown == NULL)
            return err_set(e, ERR_NOMEM, "out of memory");
        w->members = grown;
        size_t n = strlen(keys);
        grown[i] = (struct member_count){strdup(name), n > 2 ? strndup(keys + 1, n - 2) : NULL, 0};
        w->count++;
        if (grown[i].name == NULL)
            return err_set(e, ERR_NOMEM, "out of memory");
    }
    w->members[i].rows += rows;
    return OK;
}

static enum err_code query_members(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct relation *rel = &w->k.target->relation;
    const struct sql_var vars[] = {
        {"schema", rel->schema}, {"relation", rel->name}, {"key", rel->key}};
    const struct db_param params[] = {{.text = w->keys.data},
                                      {.text = w->shapes.data},
                                      {.text = w->names.data},
                                      {.text = w->times.data}};
    struct buf sql;
    PGresult *r = NULL;
    enum err_code rc;

    buf_init(&sql, 65536);
    if ((rc = sql_expand(&sql, sql_merge_members, vars, 3, e)) == OK)
        rc = session_query(s, sql.data, params, 4, &r, e);
    buf_free(&sql);
    for (int i = 0; rc == OK && i < PQntuples(r); i++) {
        uint64_t rows = (uint64_t)db_answer_number(r, i, 1);
        if (PQgetisnull(r, i, 0))
            w->compared += rows;
        else
            rc = note(w, PQgetvalue(r, i, 0), rows, PQgetvalue(r, i, 2), e);
    }
    PQclear(r);
    return rc;
}

static enum err_code compare_pass(struct work *w, struct err *e)
{
    size_t n = latest_versions_count(w->k.latest);
    enum err_code rc = OK;

    for (w->from = 0; rc == OK && w->from < n; w->from = w->to) {
        w->to = n - w->from < w->k.context->rows ? n : w->from + w->k.context->rows;
        if ((rc = build_batch(w, e)) == OK)
            rc = session_try(w->k.context->session, query_members, w, e);
    }
    w->skipped += n;
    return rc;
}

static enum err_code report(const struct work *w, struct err *e)
{
    enum err_code rc = OK;

    for (size_t i = 0; rc == OK && i < w->count; i++) {
        const struct cell cells[] = {
            {"table", CELL_STR, w->k.target->table, 0},
            {"member", CELL_STR, w->members[i].name, 0},
            {"rows", CELL_INT, NULL, (int64_t)w->members[i].rows},
            {"keys", CELL_STR, w->members[i].keys, 0},
        };
        rc = summary_row(w->k.context->summary, cells, sizeof cells / sizeof *cells, e);
    }
    LOG(LOG_INFO, "compared", "rows were compared with their newest versions in the spool",
        F_STR("table", w->k.target->table), F_INT("rows", w->compared),
        F_INT("others", w->skipped - w->compared));
    return rc;
}

static void release(struct work *w)
{
    for (size_t i = 0; i < w->count; i++) {
        free(w->members[i].name);
        free(w->members[i].keys);
    }
    free(w->members);
    free(w->place);
    buf_free(&w->keys);
    buf_free(&w->shapes);
    buf_free(&w->times);
    buf_free(&w->names);
    spool_diff_close(&w->k);
}

enum err_code spool_diff_members(struct command_context *c, const struct command_table *t,
                                 struct err *e)
{
    struct work w = {.count = 0};
    bool end = false;
    enum err_code rc = spool_diff_open(&w.k, c, t, e);

    if (rc != OK)
        return rc;
    buf_init(&w.keys, TEXT_MAX);
    buf_init(&w.shapes, TEXT_MAX);
    buf_init(&w.times, TEXT_MAX);
    buf_init(&w.names, TEXT_MAX);
    while ((rc = spool_diff_next(&w.k, true, &end, e)) == OK && !end)
        if ((rc = compare_pass(&w, e)) != OK)
            break;
    if (rc == OK)
        rc = report(&w, e);
    release(&w);
    return rc;
}
