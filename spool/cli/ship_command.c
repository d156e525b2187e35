/* `netty-spool push` brings what is new to a remote place (push.h); `netty-spool pull` makes and continues the mirror of a spool that
 * another machine pushes (pull.h). What the loader's machine leaves goes the other way (back.h): push takes it first, so that a request
 * from there is pushed, too, and prunes the spool by it at the end. */
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/options/accounts.h"
#include "shared/process/child.h"
#include "shared/time/when.h"
#include "spool/back/back.h"
#include "spool/cli/spool_command.h"
#include "spool/host/host_back.h"
#include "spool/host/host_push.h"
#include "spool/maintenance/prune.h"
#include "spool/remote/push.h"
#include "spool/ship/pull_round.h"
#include "spool/ship/take_over.h"

struct ship {
    const struct spool_command *command;
    struct remote *remote;
    struct ship_report report; /* of the last run */
    enum err_code (*run)(struct ship *s, struct err *e);
    void (*tell)(const struct ship *s, enum err_code rc,
                 const struct err *why); /* of a run of one that stays */
    size_t cells;                        /* of show()'s */
};

static enum err_code prune_loaded(const struct spool *spool, const struct options *o, struct err *e)
{
    struct prune_sum sum;
    const struct prune_conf conf = {
        .keep = options_int(o, OPT_SPOOL_KEEP),
        .max = options_given(o, OPT_SPOOL_MAX) ? options_int(o, OPT_SPOOL_MAX) : 0,
        .now = when_now(),
        .forget_after = options_int(o, OPT_FORGET_AFTER),
    };
    enum err_code rc = prune_run(spool, &conf, NULL, NULL, &sum, e);
    if (rc != OK)
        return rc;
    if (sum.segments > 0)
        LOG(LOG_INFO, "pruned", "loaded pages were removed from the spool",
            F_INT("segments", sum.segments), F_INT("bytes", sum.bytes), F_INT("left", sum.left));
    prune_report_silent(&sum);
    prune_report_stays(&sum);
    return OK;
}

static enum err_code prune_account(const struct options *o, size_t i, struct err *e)
{
    struct options *own = NULL;
    struct spool *spool = NULL;
    struct err why = ERR_INIT;
    enum err_code rc = options_for_account(&own, o, i, &why);
    if (rc == OK)
        rc = spool_open(&spool, options_text(own, OPT_SPOOL), SPOOL_LOOK, &why);
    if (rc == OK)
        rc = prune_loaded(spool, own, &why);
    spool_close(spool);
    options_free(own);
    if (rc == OK || rc == ERR_NO_SPOOL)
        return OK;
    *e = why;
    return rc;
}

/* An account whose spool cannot be pruned stops no other. */
static enum err_code prune_accounts(const struct options *o, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < options_accounts(o) && !child_is_stopped(); i++) {
        struct err why = ERR_INIT;
        log_account(options_account_name(o, i));
        if (prune_account(o, i, &why) != OK) {
            LOG(LOG_ERROR, "push", "the account's spool cannot be pruned", F_ERR(&why));
            rc = err_set(e, why.code, "account %s: %.800s", options_account_name(o, i), why.msg);
        }
        log_account(NULL);
    }
    return rc;
}

/* Whatever became of the way back, what is new is pushed. Who may not read it pushes all the same, and prunes nothing. */
static enum err_code run_push(struct ship *s, struct err *e)
{
    struct back_report back;
    struct err why = ERR_INIT;
    const struct spool *spool = s->command->spool;
    const struct options *o = s->command->options;
    enum err_code taken = spool ? back_take(spool, s->remote, &back, &why)
                                : host_back_take(o, s->remote, &back, &why);
    if (taken == ERR_INTERRUPTED) {
        *e = why;
        return taken;
    }
    if (taken == OK && back.objects > 0)
        LOG(LOG_INFO, "back", "what was loaded elsewhere is known", F_INT("objects", back.objects));
    bool denied = taken == ERR_DENIED;
    if (denied)
        LOG(LOG_WARN, "back", "the remote does not tell what is loaded elsewhere", F_ERR(&why));
    enum err_code rc = spool ? push_run(spool, s->remote, &s->report, e)
                             : host_push_run(o, s->remote, &s->report, e);
    struct err stays = ERR_INIT;
    if (spool && rc == OK && taken == OK && back.pullers > 0)
        rc = prune_loaded(spool, o, e);
    else if (!spool && rc != ERR_INTERRUPTED && back.pullers > 0 &&
             prune_accounts(o, &stays) != OK && rc == OK)
        rc = err_set(e, stays.code, "%s", stays.msg);
    if (rc == OK && taken == OK)
        rc = back_drop_replaced(spool ? spool_dir(spool) : options_accounts_folder(o), s->remote,
                                when_now() - options_int(o, OPT_FORGET_AFTER), e);
    if (rc == OK && taken != OK && !denied) {
        *e = why;
        rc = taken;
    }
    return rc;
}

static enum err_code run_pull_all(struct ship *s, struct err *e)
{
    return pull_round_all(options_accounts_folder(s->command->options), s->remote, &s->report, e);
}

static enum err_code run_pull(struct ship *s, struct err *e)
{
    return pull_round(options_text(s->command->options, OPT_SPOOL), s->remote, &s->report, e);
}

static enum err_code run_take_over(struct ship *s, struct err *e)
{
    return take_over_run(options_text(s->command->options, OPT_SPOOL), s->remote, &s->report, e);
}

static enum err_code run_take_over_all(struct ship *s, struct err *e)
{
    return take_over_all(s->command->options, s->remote, &s->report, e);
}

static void tell_push(const struct ship *s, enum err_code rc, const struct err *why)
{
    if (rc != OK)
        LOG(LOG_ERROR, "push", "the push did not do all that was asked", F_ERR(why));
    else if (s->report.objects > 0)
        LOG(LOG_INFO, "push", "pushed", F_INT("objects", s->report.objects),
            F_INT("pages", s->report.pages), F_INT("bytes", s->report.bytes),
            F_INT("last", s->report.last));
}

static void tell_pull(const struct ship *s, enum err_code rc, const struct err *why)
{
    pull_round_tell(&s->report, rc, why);
}

static enum err_code show(const struct ship *s, struct err *e)
{
    struct summary *out = NULL;
    const struct ship_report *r = &s->report;
    const struct cell cells[] = {
        {.name = "objects", .type = CELL_INT, .num = (int64_t)r->objects},
        {.name = "pages", .type = CELL_INT, .num = (int64_t)r->pages},
        {.name = "bytes", .type = CELL_INT, .num = (int64_t)r->bytes},
        {.name = "last", .type = CELL_INT, .num = (int64_t)r->last},
        {.name = "pushed", .type = CELL_TIME, .num = r->written}, /* of pull only */
    };
    enum err_code rc = summary_open(&out, s->command->json, e);
    if (rc == OK && (rc = summary_row(out, cells, s->cells, e)) == OK &&
        (rc = summary_print(out, s->command->out, e)) == OK)
        rc = spool_command_written(s->command, e);
    summary_close(out);
    return rc;
}

/* Pushes or pulls every so often. A failure does not end the program: the next run makes up for it. */
static enum err_code stay(struct ship *s, int64_t every, struct err *e)
{
    while (!child_is_stopped()) {
        struct err why = ERR_INIT;
        enum err_code rc = s->run(s, &why);
        if (rc == ERR_INTERRUPTED) {
            *e = why;
            return rc;
        }
        s->tell(s, rc, &why);
        child_sleep(every);
    }
    return OK;
}

static enum err_code ship(struct ship *s, struct err *e)
{
    const struct options *o = s->command->options;
    child_catch_signals();
    if (options_given(o, OPT_EVERY))
        return stay(s, options_int(o, OPT_EVERY), e);
    enum err_code rc = s->run(s, e);
    return rc == OK ? show(s, e) : rc;
}

enum err_code spool_command_push(const struct spool_command *c, struct err *e)
{
    struct ship s = {.command = c, .run = run_push, .tell = tell_push, .cells = 4};
    if (c->count != 1)
        return err_set(e, ERR_USAGE, "push needs one REMOTE, as rclone names it (see --help)");
    if (options_int(c->options, OPT_DRY_RUN))
        return err_set(e, ERR_USAGE, "push has no --dry-run");
    if (options_int(c->options, OPT_TAKE_OVER))
        return err_set(e, ERR_USAGE, "--take-over is one of pull: netty-spool pull --take-over");
    enum err_code rc = remote_open(&s.remote, c->words[0], e);
    if (rc == OK && c->spool)
        rc = ship_check_own(c->spool, e);
    if (rc == OK)
        rc = ship(&s, e);
    remote_close(s.remote);
    return rc;
}

enum err_code spool_command_pull(const struct spool_command *c, struct err *e)
{
    struct ship s = {.command = c, .run = run_pull, .tell = tell_pull, .cells = 5};
    if (c->count != 1)
        return err_set(e, ERR_USAGE, "pull needs one REMOTE, as rclone names it (see --help)");
    if (options_int(c->options, OPT_DRY_RUN))
        return err_set(e, ERR_USAGE, "pull has no --dry-run");
    bool all = options_accounts(c->options) > 0 && options_account(c->options) == NULL;
    bool take_over = options_int(c->options, OPT_TAKE_OVER) != 0;
    if (take_over && options_given(c->options, OPT_EVERY))
        return err_set(e, ERR_USAGE,
                       "--take-over is done once: leave --every out, and push from here on");
    if (all)
        s.run = take_over ? run_take_over_all : run_pull_all;
    else if (take_over)
        s.run = run_take_over;
    enum err_code rc = remote_open(&s.remote, c->words[0], e);
    if (rc == OK)
        rc = ship(&s, e);
    remote_close(s.remote);
    return rc;
}
