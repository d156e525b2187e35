#include "spool/overview/overview_row.h"

#include "shared/log/log.h"
#include "shared/options/accounts.h"
#include "spool/status/health.h"
#include "spool/store/spool.h"
#include <stdlib.h>
#include <string.h>

#define SAYS_MAX 8192

static int64_t earlier(int64_t a, int64_t b)
{
    return a == WHEN_NONE || b == WHEN_NONE ? WHEN_NONE : (a < b ? a : b);
}

static void add_run(struct overview_run *l, const char *table, const struct run_history *h,
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

static void add_tables(struct overview_row *r, const struct status *s)
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

static enum err_code say(struct overview_row *r, const char *text, struct err *e)
{
    r->says = strdup(text);
    return r->says != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory for a row");
}

static enum err_code judge(struct overview_row *r, const struct options *own,
                           const struct status *s, struct err *e)
{
    struct health h;
    struct buf says;
    const struct health_conf conf = {
        .side = RUN_HISTORY_LOAD, .stale_after = health_stale_after(own), .since = WHEN_NONE};
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
    (void)ctx;
    LOG(LOG_ERROR, "damage", "a part of the spool is damaged", F_STR("table", table), F_ERR(what));
}

static enum err_code look(struct overview_row *r, const struct options *own, struct err *e)
{
    struct spool *spool = NULL;
    struct status_watch *w = NULL;
    const struct status_conf conf = {.whole = true, .options = own, .damage = report_damage};
    const char *before = log_account_now(); /* the same one where it is the account's turn */
    log_account(r->account);
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
    log_account(before);
    return rc;
}

enum err_code overview_row_look(struct overview_row *r, const struct options *o, size_t i,
                                struct err *e)
{
    struct options *own = NULL;
    struct err why = ERR_INIT;
    *r = (struct overview_row){.account = options_account_name(o, i),
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

int overview_row_by_worst(const void *x, const void *y)
{
    const struct overview_row *a = x;
    const struct overview_row *b = y;
    int ours = err_exit(a->code);
    int theirs = err_exit(b->code);
    if (ours != theirs)
        return exit_graver(ours, theirs) == ours ? -1 : 1;
    if (a->reasons != b->reasons)
        return a->reasons > b->reasons ? -1 : 1;
    return strcmp(a->account, b->account);
}

void overview_row_free(struct overview_row *r)
{
    free(r->says);
    r->says = NULL;
}
