#include "load/check/spool_diff_keys.h"
#include "load/database/sql.h"
#include "load/maintenance/row_mover.h"
#include <stdlib.h>
#include <string.h>

#define AT_A_TIME 10000 /* keys of one statement */

struct newest_conf compare_conf(const struct command_context *c, const struct command_table *t)
{
    return (struct newest_conf){
        .spool = c->spool,
        .table = t->table,
        .row = {.key = t->relation.key,
                .key_min = t->relation.key_min,
                .key_max = t->relation.key_max,
                .zone = c->zone,
                .replace_nul = options_int(c->options, OPT_ON_NUL) == 1},
    };
}

/* No bookkeeping at all is as none of this spool. */
static bool is_unknown(const struct err *e, enum compare_known *known)
{
    bool denied = strcmp(e->sqlstate, "42501") == 0;

    *known = denied ? COMPARE_DENIED : COMPARE_NOTHING;
    return denied || strcmp(e->sqlstate, "42P01") == 0;
}

enum err_code compare_begin(struct session *s, struct newest_conf *conf, enum compare_known *known,
                            struct err *e)
{
    const struct db_param params[] = {{.text = spool_id(conf->spool)}, {.text = conf->table}};
    PGresult *r = NULL;
    enum err_code rc = session_query(s, sql_inspect_begin, NULL, 0, NULL, e);

    *known = COMPARE_NOTHING;
    conf->at = (struct lanes){0};
    if (rc != OK)
        return rc;
    rc = session_query(s, sql_progress_read, params, 2, &r, e);
    if (rc != OK && is_unknown(e, known))
        rc = OK;
    for (int i = 0; r != NULL && i < PQntuples(r); i++) {
        conf->at.at[(unsigned)target_table_number(r, i, 0) % LANES] =
            (struct progress){.place = {(uint64_t)target_table_number(r, i, 1),
                                        (uint64_t)target_table_number(r, i, 2)},
                              .line = (uint64_t)target_table_number(r, i, 3)};
        *known = COMPARE_LOADED;
    }
    PQclear(r);
    return rc == OK && *known != COMPARE_LOADED ? session_query(s, "ROLLBACK", NULL, 0, NULL, e)
                                                : rc;
}

enum err_code compare_open(struct compare_keys *k, struct command_context *c,
                           const struct command_table *t, struct err *e)
{
    *k = (struct compare_keys){.cmd = c,
                               .target = t,
                               .conf = compare_conf(c, t),
                               .from = t->relation.key_min,
                               .modified = malloc(NEWEST_KEYS * sizeof *k->modified)};
    if (k->modified == NULL)
        return err_set(e, ERR_NOMEM, "out of memory");
    enum err_code rc = newest_open(&k->newest, e);
    if (rc != OK)
        compare_close(k);
    return rc;
}

void compare_close(struct compare_keys *k)
{
    newest_close(k->newest);
    free(k->modified);
    k->newest = NULL;
    k->modified = NULL;
}

/* ---- one pass ---- */

static enum err_code add_keys(struct compare_keys *k, const PGresult *r, int64_t *next,
                              struct err *e)
{
    enum err_code rc = OK;

    for (int i = 0; rc == OK && i < PQntuples(r); i++) {
        int64_t key = target_table_number(r, i, 0);
        k->modified[newest_count(k->newest)] =
            PQgetisnull(r, i, 1) ? WHEN_NONE : target_table_number(r, i, 1);
        rc = newest_key(k->newest, key, e);
        k->over = key == INT64_MAX;
        *next = k->over ? key : key + 1;
    }
    return rc;
}

static enum err_code ask_keys(struct compare_keys *k, struct session *s, int64_t *next,
                              struct err *e)
{
    const struct relation *rel = &k->target->relation;
    size_t room = NEWEST_KEYS - newest_count(k->newest);
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
    struct compare_keys *k = ctx;
    int64_t next = k->from;
    enum err_code rc = compare_begin(s, &k->conf, &k->known, e);

    newest_reset(k->newest);
    k->over = false;
    if (rc == OK && k->known == COMPARE_DENIED)
        rc = err_set(e, ERR_DENIED,
                     "this role may not read what the schema netty_sync says of the spool");
    if (rc != OK || k->known != COMPARE_LOADED) {
        k->over = true;
        return rc;
    }
    while (rc == OK && !k->over && newest_count(k->newest) < NEWEST_KEYS)
        rc = ask_keys(k, s, &next, e);
    if (rc == OK)
        rc = session_query(s, "COMMIT", NULL, 0, NULL, e);
    if (rc != OK)
        return rc;
    newest_range(k->newest, k->from, k->over ? INT64_MAX : next - 1);
    k->from = next;
    return OK;
}

enum err_code compare_next(struct compare_keys *k, bool names, bool *end, struct err *e)
{
    enum err_code rc;

    *end = k->over;
    if (k->over)
        return OK;
    if ((rc = session_try(k->cmd->session, read_keys, k, e)) != OK)
        return rc;
    *end = k->known != COMPARE_LOADED;
    return !*end ? newest_read(k->newest, &k->conf, names, &k->tally, e) : OK;
}
