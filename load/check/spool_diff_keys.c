#include "load/check/spool_diff_keys.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/row_moves/row_mover.h"
#include <stdlib.h>
#include <string.h>

#define AT_A_TIME 10000 /* keys of one statement */

struct latest_versions_conf spool_diff_conf(const struct command_context *c,
                                            const struct command_table *t)
{
    return (struct latest_versions_conf){
        .spool = c->spool,
        .table = t->table,
        .schema = t->relation.schema,
        .row = {.key = t->relation.key,
                .key_min = t->relation.key_min,
                .key_max = t->relation.key_max,
                .zone = c->zone,
                .replace_nul = options_int(c->options, OPT_ON_NUL) == 1},
    };
}

/* A missing bookkeeping counts as one that does not know this spool. */
static bool is_unknown(const struct err *e, enum spool_diff_known *known)
{
    bool denied = strcmp(e->sqlstate, "42501") == 0;

    *known = denied ? SPOOL_DIFF_DENIED : SPOOL_DIFF_NOTHING;
    return denied || strcmp(e->sqlstate, "42P01") == 0;
}

enum err_code spool_diff_begin(struct session *s, struct latest_versions_conf *conf,
                               enum spool_diff_known *known, struct err *e)
{
    const struct sql_var vars[] = {
        {"spool", spool_id(conf->spool)}, {"table_name", conf->table}, {"schema", conf->schema}};
    PGresult *r = NULL;
    enum err_code rc = session_query(s, sql_inspect_begin, NULL, 0, NULL, e);

    *known = SPOOL_DIFF_NOTHING;
    conf->at = (struct lanes){0};
    if (rc != OK)
        return rc;
    rc = session_run(s, sql_progress_read, vars, 3, &r, e);
    if (rc != OK && is_unknown(e, known))
        rc = OK;
    for (int i = 0; r != NULL && i < PQntuples(r); i++) {
        conf->at.at[(unsigned)db_answer_number(r, i, 0) % LANES] = (struct progress){
            .place = {(uint64_t)db_answer_number(r, i, 1), (uint64_t)db_answer_number(r, i, 2)},
            .line = (uint64_t)db_answer_number(r, i, 3)};
        *known = SPOOL_DIFF_LOADED;
    }
    PQclear(r);
    return rc == OK && *known != SPOOL_DIFF_LOADED ? session_query(s, "ROLLBACK", NULL, 0, NULL, e)
                                                   : rc;
}

enum err_code spool_diff_open(struct spool_diff_keys *k, struct command_context *c,
                              const struct command_table *t, struct err *e)
{
    *k = (struct spool_diff_keys){.context = c,
                                  .target = t,
                                  .conf = spool_diff_conf(c, t),
                                  .from = t->relation.key_min,
                                  .to = INT64_MAX,
                                  .modified = malloc(LATEST_VERSIONS_KEYS * sizeof *k->modified)};
    if (k->modified == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    enum err_code rc = latest_versions_open(&k->latest, e);
    if (rc != OK)
        spool_diff_close(k);
    return rc;
}

void spool_diff_close(struct spool_diff_keys *k)
{
    latest_versions_close(k->latest);
    free(k->modified);
    k->latest = NULL;
    k->modified = NULL;
}

/* ---- one pass ---- */

static enum err_code add_keys(struct spool_diff_keys *k, const PGresult *r, int64_t *next,
                              struct err *e)
{
    enum err_code rc = OK;

    for (int i = 0; rc == OK && i < PQntuples(r); i++) {
        int64_t key = db_answer_number(r, i, 0);
        if (key > k->to) {
            k->over = true;
            break;
        }
        k->modified[latest_versions_count(k->latest)] = db_answer_time(r, i, 1);
        rc = latest_versions_key(k->latest, key, e);
        k->over = key == INT64_MAX;
        *next = k->over ? key : key + 1;
    }
    return rc;
}

static enum err_code query_keys(struct spool_diff_keys *k, struct session *s, int64_t *next,
                                struct err *e)
{
    const struct relation *rel = &k->target->relation;
    size_t room = LATEST_VERSIONS_KEYS - latest_versions_count(k->latest);
    char from[ROW_MOVER_NUMBER];
    char rows[ROW_MOVER_NUMBER];
    size_t most = room < AT_A_TIME ? room : AT_A_TIME;
    const struct sql_var vars[] = {{"schema", rel->schema},
                                   {"relation", rel->name},
                                   {"key", rel->key},
                                   {"from", row_mover_number(*next, from)},
                                   {"rows", row_mover_number((int64_t)most, rows)}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_inspect_modified, vars, 5, &r, e);

    if (rc == OK)
        rc = add_keys(k, r, next, e);
    if (rc == OK && (size_t)PQntuples(r) < most)
        k->over = true;
    PQclear(r);
    return rc;
}

static enum err_code read_keys(void *ctx, struct session *s, struct err *e)
{
    struct spool_diff_keys *k = ctx;
    int64_t next = k->from;
    enum err_code rc = spool_diff_begin(s, &k->conf, &k->known, e);

    latest_versions_reset(k->latest);
    k->over = false;
    if (rc == OK && k->known == SPOOL_DIFF_DENIED)
        rc = err_set(e, ERR_DENIED,
                     "this role may not read what the schema netty_sync says of the spool");
    if (rc != OK || k->known != SPOOL_DIFF_LOADED) {
        k->over = true;
        return rc;
    }
    while (rc == OK && !k->over && latest_versions_count(k->latest) < LATEST_VERSIONS_KEYS)
        rc = query_keys(k, s, &next, e);
    if (rc == OK)
        rc = session_query(s, "COMMIT", NULL, 0, NULL, e);
    if (rc != OK)
        return rc;
    latest_versions_range(k->latest, k->from, k->over ? k->to : next - 1);
    k->from = next;
    return OK;
}

enum err_code spool_diff_next(struct spool_diff_keys *k, bool names, bool *end, struct err *e)
{
    enum err_code rc;

    *end = k->over;
    if (k->over)
        return OK;
    if ((rc = session_try(k->context->session, read_keys, k, e)) != OK)
        return rc;
    *end = k->known != SPOOL_DIFF_LOADED;
    return !*end ? latest_versions_read(k->latest, &k->conf, names, &k->tally, e) : OK;
}
