/* Ships the spool: makes, and carries on, the mirror of one that another machine pushes (pull.h). */
#include "shared/cli/summary.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/remote/child.h"
#include "spool/remote/pull.h"

static enum err_code show(const struct spool_command *c, const struct pull_report *report,
                          struct err *e)
{
    struct summary *s = NULL;
    const struct cell cells[] = {
        {.name = "objects", .type = CELL_INT, .num = (int64_t)report->objects},
        {.name = "pages", .type = CELL_INT, .num = (int64_t)report->pages},
        {.name = "bytes", .type = CELL_INT, .num = (int64_t)report->bytes},
        {.name = "last", .type = CELL_INT, .num = (int64_t)report->last},
        {.name = "pushed", .type = CELL_TIME, .num = report->written},
    };
    enum err_code rc = summary_open(&s, c->json, e);
    if (rc == OK && (rc = summary_row(s, cells, sizeof cells / sizeof cells[0], e)) == OK &&
        (rc = summary_print(s, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(s);
    return rc;
}

static enum err_code stay(const char *dir, const struct remote *r, int64_t every, struct err *e)
{
    struct pull_report report;
    while (!child_is_stopped()) {
        struct err why = ERR_INIT;
        enum err_code rc = pull_run(dir, r, &report, &why);
        if (rc == ERR_INTERRUPTED) {
            *e = why;
            return rc;
        }
        if (rc == ERR_NO_SPOOL)
            LOG(LOG_INFO, "pull", "nothing to pull yet", F_ERR(&why));
        else if (rc != OK)
            LOG(LOG_ERROR, "pull", "the pull did not do all that was asked", F_ERR(&why));
        if (report.objects > 0)
            LOG(LOG_INFO, "pull", "pulled", F_INT("objects", report.objects),
                F_INT("pages", report.pages), F_INT("bytes", report.bytes),
                F_INT("last", report.last));
        child_sleep(every);
    }
    return OK;
}

enum err_code spool_command_pull(const struct spool_command *c, struct err *e)
{
    struct remote *r;
    struct pull_report report;
    const char *dir = options_text(c->options, OPT_SPOOL);
    if (c->count != 1)
        return err_set(e, ERR_USAGE, "pull needs one REMOTE, as rclone names it (see --help)");
    if (options_int(c->options, OPT_DRY_RUN))
        return err_set(e, ERR_USAGE, "pull has no --dry-run");
    enum err_code rc = remote_open(&r, c->words[0], e);
    if (rc != OK)
        return rc;
    child_catch_signals();
    if (options_given(c->options, OPT_EVERY))
        rc = stay(dir, r, options_int(c->options, OPT_EVERY), e);
    else if ((rc = pull_run(dir, r, &report, e)) == OK)
        rc = show(c, &report, e);
    remote_close(r);
    return rc;
}
