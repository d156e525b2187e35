/* Compares every row with its newest version in the spool, for load/check/spool_diff.c. */
#include "load/check/archived_records.h"
#include "load/check/spool_diff_keys.h"
#include "load/database/sql.h"
#include "load/row_moves/archive_table.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTED 3 /* keys of each kind */

struct kind {
    uint64_t rows;
    int64_t keys[LISTED];
};

struct work {
    struct spool_diff_keys k;
    struct findings *findings;
    bool pruned;
    struct kind unknown, behind, ahead, missing, deleted, archived;
    bool more;          /* missing: there are others */
    bool more_archived; /* the same of those in files */
    char *dir;          /* of the files that archive and purge wrote */
    struct latest_versions_version gone[LATEST_VERSIONS_STRAY];
    bool found[LATEST_VERSIONS_STRAY]; /* in a file, of each of these */
    struct err unread;                 /* why a file could not be read, or OK */
    char here[2 * LATEST_VERSIONS_STRAY * 22 +
              8]; /* ",1,2," keys that are in archive or table now */
    char asked[LATEST_VERSIONS_STRAY * 22];
};

static void note(struct kind *k, int64_t key)
{
    if (k->rows < LISTED)
        k->keys[k->rows] = key;
    k->rows++;
}

static void compare_row(struct work *w, size_t i)
{
    const struct latest_versions_version *v = latest_versions_of(w->k.latest, i);
    int64_t time = w->k.modified[i];

    if (!v->seen)
        note(&w->unknown, v->key);
    else if (v->time != WHEN_NONE && (time == WHEN_NONE || time < v->time))
        note(&w->behind, v->key);
    else if (time != WHEN_NONE && (v->time == WHEN_NONE || time > v->time))
        note(&w->ahead, v->key);
}

/* ---- records that the spool has and the table has not ---- */

static enum err_code query_where(struct work *w, struct session *s, const char *name, struct err *e)
{
    const struct relation *rel = &w->k.target->relation;
    const struct sql_var vars[] = {
        {"schema", rel->schema}, {"relation", name}, {"key", rel->key}, {"keys", w->asked}};
    PGresult *r = NULL;
    enum err_code rc = session_run(s, sql_rows_there, vars, 4, &r, e);

    if (rc == OK && !PQgetisnull(r, 0, 1)) {
        const char *keys = PQgetvalue(r, 0, 1);
        size_t len = strlen(w->here);
        (void)snprintf(w->here + len, sizeof w->here - len, ",%.*s,", (int)strcspn(keys + 1, "}"),
                       keys + 1);
    }
    PQclear(r);
    return rc;
}

/* Looks for missing rows in the archive, and in the table again, since a restore may have brought them back meanwhile. */
static enum err_code query_archive(void *ctx, struct session *s, struct err *e)
{
    struct work *w = ctx;
    char name[256];

    (void)snprintf(name, sizeof name, "%s-archive", w->k.target->relation.name);
    w->here[0] = '\0';
    enum err_code rc = query_where(w, s, name, e);
    return rc == OK ? query_where(w, s, w->k.target->relation.name, e) : rc;
}

static bool is_archived(const struct work *w, int64_t key)
{
    char text[32];

    (void)snprintf(text, sizeof text, ",%" PRId64 ",", key);
    return strstr(w->here, text) != NULL;
}

static enum err_code look_into_archive(struct work *w, const struct latest_versions_version *strays,
                                       size_t n, struct err *e)
{
    struct archive_table *archive_table = NULL;
    bool there = false;
    size_t len = 0;
    enum err_code rc = archive_table_open(&archive_table, w->k.target, false, e);

    if (rc == OK)
        rc = archive_table_look(archive_table, w->k.context->session, &there, e);
    archive_table_close(archive_table);
    w->here[0] = '\0';
    if (rc != OK || !there)
        return rc;
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(w->asked + len, sizeof w->asked - len, "%c%" PRId64,
                                i == 0 ? '{' : ',', strays[i].key);
    (void)snprintf(w->asked + len, sizeof w->asked - len, "}");
    return session_try(w->k.context->session, query_archive, w, e);
}

/* Judges records that are neither deleted nor in the archive: each is in a file, or missing. */
static enum err_code compare_gone(struct work *w, size_t n, struct err *e)
{
    struct archived_records f = {.dir = w->dir,
                                 .table = w->k.target->table,
                                 .key = w->k.target->relation.key,
                                 .zone = w->k.context->zone};
    enum err_code rc = n > 0 ? archived_records_look(&f, w->gone, n, w->found, e) : OK;

    if (rc == OK && f.unread > 0)
        w->unread = f.why;
    for (size_t i = 0; rc == OK && i < n; i++)
        note(w->found[i] ? &w->archived : &w->missing, w->gone[i].key);
    return rc;
}

static enum err_code compare_strays(struct work *w, struct err *e)
{
    size_t gone = 0;
    uint64_t missing = w->missing.rows;
    uint64_t archived = w->archived.rows;
    const struct latest_versions_version *strays = NULL;
    bool more = false;
    size_t n = latest_versions_strays(w->k.latest, &strays, &more);
    enum err_code rc = n > 0 ? look_into_archive(w, strays, n, e) : OK;

    for (size_t i = 0; rc == OK && i < n; i++)
        if (strays[i].deleted)
            note(&w->deleted, strays[i].key);
        else if (!is_archived(w, strays[i].key))
            w->gone[gone++] = strays[i];
    if (rc == OK)
        rc = compare_gone(w, gone, e);
    w->more |= more && w->missing.rows > missing;
    w->more_archived |= more && w->archived.rows > archived;
    return rc;
}

/* ---- what is told ---- */

static void report(const struct work *w, const struct kind *k, enum finding state, const char *text,
                   const char *what_to_do)
{
    char keys[LISTED * 24] = "";
    size_t len = 0;

    if (k->rows == 0)
        return;
    for (size_t i = 0; i < LISTED && i < k->rows; i++)
        len += (size_t)snprintf(keys + len, sizeof keys - len, "%s%" PRId64, i > 0 ? ", " : "",
                                k->keys[i]);
    findings_add(
        w->findings, state, ERR_DATA, w->k.target->table, "%s: %s%" PRIu64 " (keys %s%s)%s%s", text,
        (k == &w->missing && w->more) || (k == &w->archived && w->more_archived) ? "at least " : "",
        k->rows, keys, k->rows > LISTED ? " ..." : "", what_to_do[0] != '\0' ? "; " : "",
        what_to_do);
}

static bool differs_nowhere(const struct work *w)
{
    return w->behind.rows + w->missing.rows + w->ahead.rows == 0 &&
           (w->pruned || w->unknown.rows == 0);
}

static void report_all(const struct work *w)
{
    if (!w->pruned)
        report(w, &w->unknown, FINDING_CHANGE, "rows unknown to the spool, which was never pruned",
               "they came from another spool, or others wrote them");
    report(w, &w->behind, FINDING_WRONG, "rows older than a version that was loaded from the spool",
           "netty-load replay puts it in again");
    report(w, &w->ahead, FINDING_CHANGE, "rows newer than what the spool holds",
           "another spool was loaded, or others write, too");
    report(w, &w->missing, FINDING_WRONG,
           "records that were loaded and are not in the table, nor in its archive",
           "unless they are dead letters, or were purged or removed on purpose, or archived to "
           "files that are "
           "elsewhere (--archive-dir), netty-load replay brings them back");
    report(w, &w->archived, FINDING_OK,
           "records that are not in the table but in files that archive or purge wrote",
           "netty-load restore --from-file brings them back");
    if (w->unread.code != OK)
        findings_add(w->findings, FINDING_CHANGE, OK, w->k.target->table,
                     "what the rest of a file of archived rows holds is not known: %s",
                     w->unread.msg);
    report(w, &w->deleted, FINDING_OK,
           "records that the source calls deleted and that are not in the table any more", "");
    if (w->k.tally.damaged > 0)
        findings_add(w->findings, FINDING_CHANGE, OK, w->k.target->table,
                     "pages of the spool that are damaged and were not compared: %" PRIu64
                     "; netty-spool verify names them",
                     w->k.tally.damaged);
    if (differs_nowhere(w))
        findings_add(w->findings, FINDING_OK, OK, w->k.target->table,
                     "no row is older than what was loaded of the spool, and none is missing");
}

enum err_code spool_diff_rows(struct command_context *c, const struct command_table *t,
                              const int64_t *from, const int64_t *to, struct findings *f,
                              bool pruned, bool *equal, struct err *e)
{
    static struct work w; /* too large for the stack; one at a time */
    bool end = false;
    enum err_code rc;

    memset(&w, 0, sizeof w);
    w.findings = f;
    w.pruned = pruned;
    if ((rc = command_archive_dir(c, &w.dir, e)) != OK)
        return rc;
    if ((rc = spool_diff_open(&w.k, c, t, e)) != OK) {
        free(w.dir);
        return rc;
    }
    if (from != NULL) {
        w.k.from = *from;
        w.k.to = *to;
    }
    while ((rc = spool_diff_next(&w.k, false, &end, e)) == OK && !end) {
        for (size_t i = 0; i < latest_versions_count(w.k.latest); i++)
            compare_row(&w, i);
        if ((rc = compare_strays(&w, e)) != OK)
            break;
    }
    if (rc == OK)
        report_all(&w);
    *equal = rc == OK && differs_nowhere(&w) && w.unread.code == OK && w.k.tally.damaged == 0;
    spool_diff_close(&w.k);
    free(w.dir);
    return rc;
}
