/* What became of a run: its exit code, its summary, and whether the spool knows of it. */
#include "load/run/load_run_private.h"
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include <errno.h>

/* If the spool could not be told, all is loaded all the same, and the next run tells it. So an error that passes by itself fails no run, nor
 * does a spool that may only be read. A failing disk does: until it is mended nothing can be pruned, and the status says that nothing is
 * loaded. */
void load_run_told(struct load_run *r, const struct err *err)
{
    bool harmless = err != NULL && (err->sys == EROFS || err->sys == EACCES || err->sys == EPERM);

    if (err == NULL) {
        r->untold = OK;
    } else if (!harmless && err_exit(err->code) == err_exit(ERR_IO)) {
        r->untold = err->code;
        r->unpublished = r->conf.follow; /* once more, at the next time */
        LOG(LOG_ERROR, "mark",
            "all is loaded, and the spool cannot be told what, so that nothing can be pruned; make "
            "room or mend the disk, then run netty-load again",
            F_ERR(err));
    } else {
        LOG(harmless ? LOG_DEBUG : LOG_WARN, "mark",
            "the spool is not told what is loaded, and keeps it", F_ERR(err));
    }
}

/* The code of a table's reconcile. An error that passes by itself is no failure. */
static enum err_code reconcile_code(const struct load_run_table *entry)
{
    const struct err *e = &entry->reconciled.err;
    bool passes = e->code == ERR_BUSY || e->code == ERR_INTERRUPTED || e->sys == EROFS ||
                  e->sys == EACCES || e->sys == EPERM;

    if (e->code != OK && !passes)
        return e->code;
    return entry->reconciled.held > 0 && !entry->reconciled.held_known ? ERR_SET_ASIDE : OK;
}

int load_run_exit(const struct load_run *r)
{
    int code = exit_graver(err_exit(r->err.code), err_exit(r->untold));

    for (size_t i = 0; i < r->count; i++) {
        const struct load_run_table *entry = r->tables[i];
        const struct load_counts *c = table_load_counts(entry->table);
        enum err_code rc = entry->err.code;
        if (rc == OK && entry->dirty && r->stopping)
            rc = ERR_INTERRUPTED;
        if (!(rc == ERR_INTERRUPTED && r->conf.follow))
            code = exit_graver(code, err_exit(rc));
        code = exit_graver(code, err_exit(reconcile_code(entry)));
        if (c->new_letters > 0 ||
            c->damaged > 0) /* what is known and unchanged fails no run again */
            code = exit_graver(code, err_exit(ERR_SET_ASIDE));
    }
    return code;
}

static void note_failure(struct load_run_sums *sums, const char *table, const struct err *e)
{
    int worst = err_exit(sums->err.code);

    if (sums->err.code != OK && exit_graver(worst, err_exit(e->code)) == worst)
        return;
    sums->err = *e;
    (void)err_prefix(&sums->err, "%s", table);
}

void load_run_sum(const struct load_run *r, struct load_run_sums *sums)
{
    *sums = (struct load_run_sums){.tables = r->count, .err = r->err};
    for (size_t i = 0; i < r->count; i++) {
        const struct load_run_table *entry = r->tables[i];
        const struct load_counts *c = table_load_counts(entry->table);
        sums->counts.read += c->read;
        sums->counts.inserted += c->inserted;
        sums->counts.updated += c->updated;
        sums->counts.unchanged += c->unchanged;
        sums->counts.dead_letters += c->dead_letters;
        if (entry->err.code == OK)
            continue;
        sums->failed++;
        note_failure(sums, table_load_name(entry->table), &entry->err);
    }
}

/* Whether the summary has the columns of a reconcile: only if there was one. */
static bool rolled(const struct load_run *r)
{
    bool any = false;

    for (size_t i = 0; i < r->count; i++)
        any = any || r->tables[i]->reconciled.rolled;
    return any;
}

enum err_code load_run_report(const struct load_run *r, FILE *out, bool json, struct err *e)
{
    struct summary *s = NULL;
    enum cell_type known = r->conf.table.dry_run ? CELL_NONE : CELL_INT;
    enum err_code rc = summary_open(&s, json, e);

    for (size_t i = 0; rc == OK && i < r->count; i++) {
        const struct load_counts *c = table_load_counts(r->tables[i]->table);
        const struct cell cells[] = {
            {"table", CELL_STR, table_load_name(r->tables[i]->table), 0},
            {"read", CELL_INT, NULL, (int64_t)c->read},
            {"inserted", known, NULL, (int64_t)c->inserted},
            {"updated", known, NULL, (int64_t)c->updated},
            {"unchanged", known, NULL, (int64_t)c->unchanged},
            {"stale", known, NULL, (int64_t)c->stale},
            {"folded", CELL_INT, NULL, (int64_t)c->folded},
            {"dead", CELL_INT, NULL, (int64_t)c->dead_letters},
            {"seconds", CELL_SECONDS, NULL, c->busy},
            {"marked", CELL_INT, NULL, (int64_t)r->tables[i]->reconciled.deleted},
            {"revived", CELL_INT, NULL, (int64_t)r->tables[i]->reconciled.revived},
        };
        rc = summary_row(s, cells, sizeof cells / sizeof *cells - (rolled(r) ? 0 : 2), e);
    }
    if (rc == OK)
        rc = summary_print(s, out, e);
    summary_close(s);
    return rc;
}
