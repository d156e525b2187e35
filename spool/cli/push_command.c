/* Ships the spool: brings what is new to a remote place (push.h). */
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "spool/cli/spool_command.h"
#include "spool/remote/child.h"
#include "spool/remote/push.h"

static enum err_code show(const struct spool_command *c, const struct push_report *report,
                          struct err *e)
{
    struct summary *s = NULL;
    const struct cell cells[] = {
        {.name = "objects", .type = CELL_INT, .num = (int64_t)report->objects},
        {.name = "pages", .type = CELL_INT, .num = (int64_t)report->pages},
        {.name = "bytes", .type = CELL_INT, .num = (int64_t)report->bytes},
        {.name = "last", .type = CELL_INT, .num = (int64_t)report->last},
    };
    enum err_code rc = summary_open(&s, c->json, e);
    if (rc == OK && (rc = summary_row(s, cells, sizeof cells / sizeof cells[0], e)) == OK &&
        (rc = summary_print(s, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(s);
    return rc;
}

/* A failure ends no program that stays: the next run makes it good. */
static enum err_code stay(const struct spool_command *c, const struct remote *r, int64_t every,
                          struct err *e)
{
    struct push_report report;
    while (!child_is_stopped()) {
        struct err why = ERR_INIT;
        enum err_code rc = push_run(c->spool, r, &report, &why);
        if (rc == ERR_INTERRUPTED) {
            *e = why;
            return rc;
        }
        if (rc != OK)
            LOG(LOG_ERROR, "push", "the push did not do all that was asked", F_ERR(&why));
        else if (report.objects > 0)
            LOG(LOG_INFO, "push", "pushed", F_INT("objects", report.objects),
                F_INT("pages", report.pages), F_INT("bytes", report.bytes),
                F_INT("last", report.last));
        child_sleep(every);
    }
    return OK;
}

enum err_code spool_command_push(const struct spool_command *c, struct err *e)
{
    struct remote *r;
    struct push_report report;
    if (c->count != 1)
        return err_set(e, ERR_USAGE, "push needs one REMOTE, as rclone names it (see --help)");
    if (options_int(c->options, OPT_DRY_RUN))
        return err_set(e, ERR_USAGE, "push has no --dry-run");
    enum err_code rc = remote_open(&r, c->words[0], e);
    if (rc != OK)
        return rc;
    child_catch_signals();
    if ((rc = ship_check_own(c->spool, e)) == OK) {
        if (options_given(c->options, OPT_EVERY))
            rc = stay(c, r, options_int(c->options, OPT_EVERY), e);
        else if ((rc = push_run(c->spool, r, &report, e)) == OK)
            rc = show(c, &report, e);
    }
    remote_close(r);
    return rc;
}
