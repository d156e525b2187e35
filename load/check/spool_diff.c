#include "load/check/spool_diff.h"
#include "load/check/spool_diff_keys.h"
#include "load/check/unchecked_mark.h"
#include "load/database/db_answer.h"
#include "load/database/db_decide.h"
#include "load/database/sql.h"
#include "shared/files/file_io.h"
#include "spool/format/record_digest.h"
#include "spool/segment/pruned.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Records in memory, 17 bytes each and a quarter of them free. With more of them the spool is read again
 * for each part of the keys. */
#define DIGEST_ROOM ((size_t)1 << 18)

struct work {
    struct command_context *context;
    const struct command_table *target;
    struct findings *findings;
    struct latest_versions_conf conf;
    const int64_t *from, *to; /* NULL: all keys */
    bool pruned;
    bool slow; /* the digest takes longer than a statement may */
    enum spool_diff_known known;
    char digest[RECORD_DIGEST_TEXT];
    int64_t rows;
};

/* ---- is there anything to compare with? ---- */

static enum err_code is_pruned(const struct spool *s, const char *table, bool *pruned,
                               struct err *e)
{
    char dir[IO_PATH];
    uint64_t through = 0;
    enum err_code rc = io_path(dir, spool_dir(s), table, e);

    if (rc == OK)
        rc = pruned_read(dir, &through, e);
    *pruned = through > 0;
    return rc;
}

/* ---- the digests ---- */

/* Reads in one snapshot how far the database has loaded the spool, and the digest of what it has. */
static enum err_code query_digest(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    const struct relation *rel = &w->target->relation;
    const struct sql_var vars[] = {
        {"schema", rel->schema}, {"relation", rel->name}, {"key", rel->key}};
    PGresult *r = NULL;
    enum err_code rc = spool_diff_begin(s, &w->conf, &w->known, e);

    if (rc != OK || w->known != SPOOL_DIFF_LOADED)
        return rc;
    if (w->from != NULL) {
        rc = OK; /* that it is loaded is enough */
    } else if ((rc = session_run(s, sql_digest, vars, 3, &r, e)) == OK) {
        w->rows = db_answer_number(r, 0, 0);
        (void)snprintf(w->digest, sizeof w->digest, "%s", PQgetvalue(r, 0, 1));
    } else if (db_trouble_of(DB_PHASE_MAINTENANCE, e) == DB_TOO_SLOW && !session_stopping(s)) {
        w->slow = true;
        rc = OK;
    }
    PQclear(r);
    return rc == OK ? session_query(s, w->slow ? "ROLLBACK" : "COMMIT", NULL, 0, NULL, e) : rc;
}

static enum err_code add(void *ctx, const struct row *row, const char *line, size_t n,
                         struct err *e)
{
    (void)line;
    (void)n;
    (void)e;
    record_digest_add(ctx, row->key, row->time_modified);
    return OK;
}

static enum err_code spool_digest(struct work *w, char text[RECORD_DIGEST_TEXT],
                                  struct latest_versions_tally *tally, struct err *e)
{
    struct record_digest *d = NULL;
    uint64_t records = 0;
    enum err_code rc = record_digest_open(&d, DIGEST_ROOM, e);

    if (rc != OK)
        return rc;
    do {
        record_digest_begin(d);
        rc = latest_versions_each(&w->conf, add, d, tally, e);
    } while (rc == OK && record_digest_again(d));
    record_digest_result(d, text, &records);
    record_digest_close(d);
    return rc;
}

/* *equal: the digests agree, so that nothing more has to be found out. */
static enum err_code compare_digests(struct work *w, bool *equal, struct err *e)
{
    char text[RECORD_DIGEST_TEXT];
    struct latest_versions_tally tally;
    enum err_code rc;

    *equal = false;
    if ((rc = session_try(w->context->session, query_digest, w, e)) != OK ||
        w->known != SPOOL_DIFF_LOADED || w->slow || w->pruned || w->from != NULL)
        return rc;
    if ((rc = spool_digest(w, text, &tally, e)) != OK)
        return rc;
    *equal = strcmp(text, w->digest) == 0;
    if (*equal)
        findings_add(w->findings, FINDING_OK, OK, w->target->table,
                     "the digest of %" PRId64 " rows, %s, is that of what was loaded of the spool",
                     w->rows, text);
    return OK;
}

/* *equal: nothing differs. */
static enum err_code compare(struct work *w, bool *equal, struct err *e)
{
    const struct command_table *t = w->target;
    enum err_code rc;

    if ((rc = is_pruned(w->context->spool, t->table, &w->pruned, e)) != OK ||
        (rc = compare_digests(w, equal, e)) != OK || *equal)
        return rc;
    if (w->known != SPOOL_DIFF_LOADED) {
        findings_add(w->findings, FINDING_OK, OK, t->table,
                     w->known == SPOOL_DIFF_DENIED
                         ? "this role may not read what the schema netty_sync says of the spool: "
                           "not compared"
                         : "nothing of this spool was loaded into it: not compared");
        return OK;
    }
    if (w->pruned)
        findings_add(w->findings, FINDING_OK, OK, t->table,
                     "the spool was pruned, so that it does not tell of all records: digests are "
                     "not compared, and unknown rows not looked for");
    return spool_diff_rows(w->context, t, w->from, w->to, w->findings, w->pruned, equal, e);
}

enum err_code spool_diff_times(struct command_context *c, const struct command_table *t,
                               const int64_t *from, const int64_t *to, struct findings *f,
                               struct err *e)
{
    struct work w = {.context = c,
                     .target = t,
                     .findings = f,
                     .conf = spool_diff_conf(c, t),
                     .from = from,
                     .to = to};
    struct unchecked_mark mark;
    bool held = false;
    bool equal = false;
    enum err_code rc = c->spool == NULL ? OK : spool_holds(c->spool, t->table, &held, e);

    if (rc == OK && !held)
        findings_add(f, FINDING_OK, OK, t->table,
                     "the spool at %s holds nothing of it: not compared",
                     options_text(c->options, OPT_SPOOL));
    if (rc != OK || !held)
        return rc;
    if (from != NULL)
        return compare(&w, &equal, e);
    if ((rc = unchecked_mark_read(&mark, c, t, e)) == OK && (rc = compare(&w, &equal, e)) == OK)
        rc = unchecked_mark_judge(&mark, c, t, f, equal, w.pruned, e);
    return rc;
}
