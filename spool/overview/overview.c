#include "spool/overview/overview.h"

#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/options/accounts.h"
#include "spool/status/health.h"
#include "spool/status/status.h"
#include "spool/store/spool.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SAYS_MAX 8192

struct last_run {
    int64_t ended; /* WHEN_NONE: no run has ended */
    size_t tables; /* how many tables it had */
    size_t failed; /* how many of them failed */
    int64_t records;
    enum err_code code;              /* the gravest failure */
    char table[NAMES_TABLE_MAX + 1]; /* the table that failed so */
};

struct row {
    const char *account;
    enum err_code code;
    const char *verdict;
    char *says; /* on the heap */
    size_t reasons;
    int64_t tables, pages, records, bytes, set_aside;
    int64_t complete_to, loaded_to; /* of the table that is furthest behind, or WHEN_NONE */
    struct last_run runs[2];        /* enum run_history_side */
};

static int64_t earlier(int64_t a, int64_t b)
{
    return a == WHEN_NONE || b == WHEN_NONE ? WHEN_NONE : (a < b ? a : b);
}

static void add_run(struct last_run *l, const char *table, const struct run_history *h,
                    enum run_count records)
{
    if (h->count == 0)
        return;
    const struct run_history_entry *run = &h->entries[h->count - 1];
    enum err_code code = err_of_word(run->error);
    l->tables++;
    l->records += run->counts[records];
    if (l->ended == WHEN_NONE || run->ended > l->ended)
        l->ended = run->ended;
    if (code == OK)
        return;
    l->failed++;
    if (l->code == OK || exit_graver(err_exit(l->code), err_exit(code)) != err_exit(l->code)) {
        l->code = code;
        memcpy(l->table, table, strlen(table) + 1);
    }
}

static void add_tables(struct row *r, const struct status *s)
{
    bool first = true;
    for (size_t i = 0; i < s->count; i++) {
        const struct status_table *t = s->tables[i];
        add_run(&r->runs[RUN_HISTORY_EXTRACT], t->name, &t->extract, RUN_RECORDS);
        add_run(&r->runs[RUN_HISTORY_LOAD], t->name, &t->load, RUN_READ);
        r->tables++;
        r->pages += t->pages;
        r->records += t->records;
        r->set_aside += t->set_aside;
        if (t->unlisted) /* it stands still on purpose */
            continue;
        r->complete_to = first ? t->complete_to : earlier(r->complete_to, t->complete_to);
        r->loaded_to = first ? t->loaded_to : earlier(r->loaded_to, t->loaded_to);
        first = false;
    }
    r->bytes = s->bytes;
}

static enum err_code say(struct row *r, const char *text, struct err *e)
{
    r->says = strdup(text);
    return r->says != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory for a row");
}

static enum err_code judge(struct row *r, const struct options *own, const struct status *s,
                           struct err *e)
{
    struct health h;
    struct buf says;
    bool given = options_given(own, OPT_STALE_AFTER);
    const struct health_conf conf = {.side = RUN_HISTORY_LOAD,
                                     .stale_after =
                                         given ? options_int(own, OPT_STALE_AFTER) : HEALTH_STALE,
                                     .since = WHEN_NONE};
    enum err_code rc = OK;
    health_check(&h, &conf, s, NULL, 0);
    r->code = h.gravest;
    r->reasons = h.total;
    r->verdict = h.total > 0 ? health_word(h.reasons[0].code) : "ok";
    buf_init(&says, SAYS_MAX);
    if (h.total > 0 && *h.reasons[0].table != '\0')
        rc = buf_addf(&says, "%s: ", h.reasons[0].table);
    if (rc == OK && h.total > 0)
        rc = health_sentence(&says, &h.reasons[0], &h, &conf);
    if (rc == OK && h.total > 1)
        rc = buf_addf(&says, "; and %zu more", h.total - 1);
    if (rc == OK)
        rc = buf_add(&says, "", 1);
    rc = rc == OK ? say(r, says.data, e) : buf_err(e, rc, &says, "the verdict");
    buf_free(&says);
    return rc;
}

static void report_damage(void *ctx, const char *table, const struct err *what)
{
    LOG(LOG_ERROR, "damage", "a part of the spool is damaged", F_STR("account", ctx),
        F_STR("table", table), F_ERR(what));
}

static enum err_code look(struct row *r, const struct options *own, struct err *e)
{
    char account[64];
    struct spool *spool = NULL;
    struct status_watch *w = NULL;
    const struct status_conf conf = {
        .whole = true, .options = own, .damage = report_damage, .ctx = account};
    (void)snprintf(account, sizeof account, "%s", r->account);
    enum err_code rc = spool_open(&spool, options_text(own, OPT_SPOOL), SPOOL_LOOK, e);
    if (rc == OK)
        rc = status_open(&w, spool, &conf, e);
    if (rc == OK)
        rc = status_look(w, e);
    if (rc == OK) {
        add_tables(r, status_of(w));
        rc = judge(r, own, status_of(w), e);
    }
    status_close(w);
    spool_close(spool);
    return rc;
}

/* Makes the row of one account. Fails only when memory is short. */
static enum err_code make_row(struct row *r, const struct options *o, size_t i, struct err *e)
{
    struct options *own = NULL;
    struct err why = ERR_INIT;
    *r = (struct row){.account = options_account_name(o, i),
                      .complete_to = WHEN_NONE,
                      .loaded_to = WHEN_NONE,
                      .runs = {{.ended = WHEN_NONE}, {.ended = WHEN_NONE}}};
    enum err_code rc = options_for_account(&own, o, i, &why);
    if (rc == OK)
        rc = look(r, own, &why);
    options_free(own);
    if (rc == ERR_NOMEM) {
        *e = why;
        return rc;
    }
    if (rc == OK)
        return OK;
    r->code = rc;
    r->verdict = rc == ERR_NO_SPOOL ? "no spool" : health_word(HEALTH_UNREADABLE);
    r->reasons = 1;
    free(r->says);
    return say(r, why.msg, e);
}

static int by_worst(const void *x, const void *y)
{
    const struct row *a = x;
    const struct row *b = y;
    int ours = err_exit(a->code);
    int theirs = err_exit(b->code);
    if (ours != theirs)
        return exit_graver(ours, theirs) == ours ? -1 : 1;
    if (a->reasons != b->reasons)
        return a->reasons > b->reasons ? -1 : 1;
    return strcmp(a->account, b->account);
}

static enum err_code show_status(const struct row *r, struct summary *out, struct err *e)
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

static enum err_code show_runs(const struct row *r, struct summary *out, struct err *e)
{
    static const char *const programs[] = {
        [RUN_HISTORY_EXTRACT] = "extract", [RUN_HISTORY_LOAD] = "load"};
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < 2; i++) {
        const struct last_run *l = &r->runs[i];
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

typedef enum err_code show_fn(const struct row *r, struct summary *out, struct err *e);

static enum err_code print(const struct row *rows, size_t n, show_fn *show, FILE *out, bool json,
                           struct err *e)
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

/* Shows the rows. Sets *worst to the code of the worst account, and logs it; worst NULL: no verdict is wanted. */
static enum err_code overview(const struct options *o, show_fn *show, FILE *out, bool json,
                              enum err_code *worst, struct err *e)
{
    size_t count = options_accounts(o);
    size_t n = 0;
    enum err_code rc = OK;
    struct row *rows = calloc(count, sizeof *rows);
    if (rows == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    for (; rc == OK && n < count; n++)
        rc = make_row(&rows[n], o, n, e);
    qsort(rows, n, sizeof *rows, by_worst);
    if (rc == OK)
        rc = print(rows, n, show, out, json, e);
    if (rc == OK && worst != NULL && n > 0 && rows[0].code != OK) {
        *worst = rows[0].code;
        LOG(LOG_ERROR, "found", "all is not well", F_STR("account", rows[0].account),
            F_STR("error", rows[0].says));
    }
    for (size_t i = 0; i < n; i++)
        free(rows[i].says);
    free(rows);
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
