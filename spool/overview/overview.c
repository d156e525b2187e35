#include "spool/overview/overview.h"

#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/options/accounts.h"
#include "spool/overview/overview_json.h"
#include "spool/status/health.h"
#include <errno.h>
#include <stdlib.h>

static enum err_code show_status(const struct overview_row *r, struct summary *out, struct err *e)
{
    const struct cell cells[] = {
        {.name = "account", .type = CELL_STR, .str = r->account},
        {.name = "verdict", .type = CELL_STR, .str = r->verdict},
        {.name = "code", .type = CELL_INT, .num = err_exit(r->code)},
        {.name = "tables", .type = CELL_INT, .num = r->tables},
        {.name = "complete_to", .type = CELL_TIME, .num = r->complete_to},
        {.name = "loaded_to", .type = CELL_TIME, .num = r->loaded_to},
        {.name = "waiting_pages", .type = CELL_INT, .num = r->pages},
        {.name = "waiting_records", .type = CELL_INT, .num = r->records},
        {.name = "set_aside", .type = CELL_INT, .num = r->set_aside},
        {.name = "bytes", .type = CELL_INT, .num = r->bytes},
        {.name = "says", .type = CELL_STR, .str = r->says},
    };
    return summary_row(out, cells, sizeof cells / sizeof *cells, e);
}

static enum err_code show_runs(const struct overview_row *r, struct summary *out, struct err *e)
{
    static const char *const programs[] = {
        [RUN_HISTORY_EXTRACT] = "extract", [RUN_HISTORY_LOAD] = "load"};
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < 2; i++) {
        const struct overview_run *l = &r->runs[i];
        const struct cell cells[] = {
            {.name = "account", .type = CELL_STR, .str = r->account},
            {.name = "program", .type = CELL_STR, .str = programs[i]},
            {.name = "ended", .type = CELL_TIME, .num = l->ended},
            {.name = "tables", .type = CELL_INT, .num = (int64_t)l->tables},
            {.name = "failed", .type = CELL_INT, .num = (int64_t)l->failed},
            {.name = "code", .type = CELL_INT, .num = err_exit(l->code)},
            {.name = "of", .type = CELL_STR, .str = l->table},
            {.name = "records", .type = CELL_INT, .num = l->records},
        };
        rc = summary_row(out, cells, sizeof cells / sizeof *cells, e);
    }
    return rc;
}

typedef enum err_code show_fn(const struct overview_row *r, struct summary *out, struct err *e);

static enum err_code print(const struct overview_row *rows, size_t n, show_fn *show, FILE *out,
                           bool json, struct err *e)
{
    struct summary *s = NULL;
    enum err_code rc = summary_open(&s, json, e);
    for (size_t i = 0; rc == OK && i < n; i++)
        rc = show(&rows[i], s, e);
    if (rc == OK)
        rc = summary_print(s, out, e);
    if (rc == OK && (fflush(out) != 0 || ferror(out) != 0))
        rc = err_sys(e, errno == EPIPE ? ERR_INTERRUPTED : ERR_IO,
                     "cannot write to standard output");
    summary_close(s);
    return rc;
}

/* The accounts' rows, the worst first; *n also counts what is there after a failure. */
static enum err_code look(const struct options *o, struct overview_row **rows, size_t *n,
                          struct err *e)
{
    enum err_code rc = OK;
    *n = 0;
    *rows = calloc(options_accounts(o), sizeof **rows);
    if (*rows == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    for (; rc == OK && *n < options_accounts(o); ++*n)
        rc = overview_row_look(&(*rows)[*n], o, *n, e);
    qsort(*rows, *n, sizeof **rows, overview_row_by_worst);
    return rc;
}

static void release(struct overview_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        overview_row_free(&rows[i]);
    free(rows);
}

/* Shows the rows. Sets *worst to the code of the worst account, and logs it; worst NULL: no verdict is wanted. */
static enum err_code overview(const struct options *o, show_fn *show, FILE *out, bool json,
                              enum err_code *worst, struct err *e)
{
    struct overview_row *rows = NULL;
    size_t n = 0;
    enum err_code rc = look(o, &rows, &n, e);
    if (rc == OK)
        rc = print(rows, n, show, out, json, e);
    if (rc == OK && worst != NULL && n > 0 && rows[0].code != OK) {
        *worst = rows[0].code;
        LOG(LOG_ERROR, "found", "all is not well", F_STR("account", rows[0].account),
            F_STR("error", rows[0].says));
    }
    release(rows, n);
    return rc;
}

enum err_code overview_status(const struct options *o, FILE *out, bool json, struct err *e)
{
    enum err_code worst = OK;
    enum err_code rc = overview(o, show_status, out, json, &worst, e);
    if (rc != OK || worst == OK)
        return rc;
    *e = (struct err){.code = worst};
    return worst;
}

/* As for one account, the runs are shown without a verdict. */
enum err_code overview_runs(const struct options *o, FILE *out, bool json, struct err *e)
{
    return overview(o, show_runs, out, json, NULL, e);
}

/* Of both programs the run that ended last, and the graver code. */
static struct overview_shown shown(const struct overview_row *r)
{
    const struct overview_run *fetched = &r->runs[RUN_HISTORY_EXTRACT];
    const struct overview_run *loaded = &r->runs[RUN_HISTORY_LOAD];
    return (struct overview_shown){
        .account = r->account,
        .row = r,
        .code = err_exit(r->code),
        .says = r->says,
        .last_code = exit_graver(err_exit(fetched->code), err_exit(loaded->code)),
        .ended = fetched->ended > loaded->ended ? fetched->ended : loaded->ended};
}

enum err_code overview_report(const struct options *o, struct buf *json, struct err *e)
{
    struct overview_row *rows = NULL;
    size_t n = 0;
    enum err_code rc = look(o, &rows, &n, e);
    struct overview_shown *list = rc == OK ? calloc(n + 1, sizeof *list) : NULL;
    for (size_t i = 0; list != NULL && i < n; i++)
        list[i] = shown(&rows[i]);
    if (rc == OK && list == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory for the accounts");
    else if (rc == OK && (rc = overview_json(json, "spool", health_stale_after(o), list, n)) != OK)
        (void)buf_err(e, rc, json, "the report");
    free(list);
    release(rows, n);
    return rc;
}
