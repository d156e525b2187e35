#include "load/check/check_share.h"
#include "load/database/db_answer.h"
#include "load/database/sql.h"
#include "load/row_moves/row_mover.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <stdio.h>
#include <string.h>

struct work {
    struct check_share *share;
    const struct command_context *context;
    const struct command_table *target;
};

/* ---- where it was ---- */

static enum err_code query_identity(void *ctx, struct session *s, struct err *e)
{
    struct check_share *share = ctx;
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_loaded_id, NULL, 0, &r, e);

    if (rc == OK && (PQntuples(r) != 1 || strlen(PQgetvalue(r, 0, 0)) >= sizeof share->id))
        rc = err_set(e, ERR_PROTOCOL, "the database does not say which one it is");
    if (rc == OK)
        (void)snprintf(share->id, sizeof share->id, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    return rc;
}

/* Reads what is kept. If loaded.json is damaged, nothing is known; other commands report the damage. */
static enum err_code read_checks(struct check_share *s, struct command_context *c,
                                 const struct command_table *t, struct err *e)
{
    struct loaded loaded = {0};
    bool held = false;
    enum err_code rc = session_try(c->session, query_identity, s, e);

    s->known = false;
    s->checks =
        (struct loaded_checks){.began = WHEN_NONE, .looked = WHEN_NONE, .wrong_at = WHEN_NONE};
    if (rc == OK && c->spool != NULL)
        rc = spool_holds(c->spool, t->table, &held, e);
    if (rc != OK || !held)
        return rc;
    rc = loaded_read(c->spool, t->table, &loaded, e);
    for (size_t i = 0; rc == OK && i < loaded.count && !s->known; i++)
        if (strcmp(loaded.entries[i].id, s->id) == 0) {
            s->known = true;
            s->checks = loaded.entries[i].checks;
        }
    loaded_free(&loaded);
    return rc;
}

/* ---- this time's part ---- */

static enum err_code query_part(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    struct check_share *share = w->share;
    const struct relation *rel = &w->target->relation;
    int64_t parts = options_int(w->context->options, OPT_SHARE);
    char from[ROW_MOVER_NUMBER];
    char rows[ROW_MOVER_NUMBER];
    struct sql_var vars[] = {{"schema", rel->schema},
                             {"relation", rel->name},
                             {"key", rel->key},
                             {"from", row_mover_number(share->from, from)},
                             {"rows", "0"}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_count_rows, vars, 2, &r, e);
    int64_t all = rc == OK ? db_answer_number(r, 0, 0) : 0;
    int64_t most = all / parts + (all % parts != 0 || all == 0);

    PQclear(r);
    r = NULL;
    vars[4].value = row_mover_number(most, rows);
    if (rc == OK && (rc = session_run(s, sql_window, vars, 5, &r, e)) == OK) {
        share->rows = db_answer_number(r, 0, 1);
        share->last = share->rows < most;
        share->to = share->last ? rel->key_max : db_answer_number(r, 0, 0);
    }
    PQclear(r);
    return rc;
}

/* A part that ends with the table's last row is the last one, too. */
static enum err_code query_rest(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    struct check_share *share = w->share;
    const struct relation *rel = &w->target->relation;
    char from[ROW_MOVER_NUMBER];
    const struct sql_var vars[] = {{"schema", rel->schema},
                                   {"relation", rel->name},
                                   {"key", rel->key},
                                   {"from", row_mover_number(share->to + 1, from)},
                                   {"rows", "1"}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_window, vars, 5, &r, e);

    if (rc == OK && db_answer_number(r, 0, 1) == 0) {
        share->last = true;
        share->to = rel->key_max;
    }
    PQclear(r);
    return rc;
}

enum err_code check_share_begin(struct check_share *s, struct command_context *c,
                                const struct command_table *t, struct err *e)
{
    struct work w = {.share = s, .context = c, .target = t};
    enum err_code rc = read_checks(s, c, t, e);

    if (rc != OK)
        return rc;
    if (s->checks.began == WHEN_NONE || s->checks.next <= t->relation.key_min ||
        s->checks.next > t->relation.key_max) {
        s->checks.began = when_now();
        s->checks.next = t->relation.key_min;
    }
    s->from = s->checks.next;
    rc = session_try(c->session, query_part, &w, e);
    if (rc == OK && !s->last && s->to < t->relation.key_max)
        rc = session_try(c->session, query_rest, &w, e);
    return rc;
}

/* ---- what is kept ---- */

/* Keeps the text without " (keys 1, 2, 3)", since the status shows no records' keys. */
static void keep_text(struct loaded_checks *k, const char *text)
{
    const char *keys = strstr(text, " (keys ");
    const char *rest = keys != NULL ? strchr(keys, ')') : NULL;
    size_t room = sizeof k->text;

    if (rest == NULL)
        (void)snprintf(k->text, room, "%s", text);
    else
        (void)snprintf(k->text, room, "%.*s%s", (int)(keys - text), text, rest + 1);
}

static void forget(struct loaded_checks *k)
{
    k->wrong = 0;
    k->wrong_at = WHEN_NONE;
    k->text[0] = '\0';
}

enum err_code check_share_end(struct check_share *s, struct command_context *c,
                              const struct command_table *t, const struct findings *f,
                              struct err *e)
{
    struct loaded_checks *k = &s->checks;
    uint64_t wrong = 0;
    const char *text = findings_wrong(f, &wrong);

    k->looked = when_now();
    if (wrong > 0) {
        k->wrong = k->wrong_at != WHEN_NONE && k->wrong_at >= k->began ? k->wrong + wrong : wrong;
        k->wrong_at = when_now();
        keep_text(k, text);
    }
    if (s->last) { /* a round is over; the next look begins the next one */
        if (k->wrong > 0 && k->wrong_at < k->began)
            forget(k);
        k->began = WHEN_NONE;
    } else {
        k->next = s->to + 1;
    }
    return s->known && !c->dry_run ? loaded_keep_checks(c->spool, t->table, s->id, k, e) : OK;
}

/* If this user may not write into the spool, the next nightly look drops the findings. */
enum err_code check_share_clear(struct command_context *c, const struct command_table *t,
                                const struct findings *f, struct err *e)
{
    struct check_share s = {.last = false};
    struct err why = ERR_INIT;
    uint64_t wrong = 0;
    enum err_code rc;

    (void)findings_wrong(f, &wrong);
    if (c->spool == NULL || c->dry_run)
        return OK;
    if ((rc = read_checks(&s, c, t, e)) != OK || !s.known)
        return rc;
    bool mended = wrong == 0 && s.checks.wrong > 0;
    if (!mended && s.checks.looked == WHEN_NONE)
        return OK;
    s.checks.looked = when_now();
    if (mended)
        forget(&s.checks);
    if (loaded_keep_checks(c->spool, t->table, s.id, &s.checks, &why) != OK)
        LOG(mended ? LOG_WARN : LOG_DEBUG, "checked",
            mended ? "what was found to be wrong is mended, and the spool cannot be told"
                   : "the spool cannot be told that the table was looked at",
            F_STR("table", t->table), F_ERR(&why));
    return OK;
}
