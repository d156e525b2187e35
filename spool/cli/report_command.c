/* `netty-spool report --html FILE`: the status page with its data in it, as a file, where no program serves the page. */
#include "shared/files/file_io.h"
#include "spool/cli/spool_command.h"
#include "spool/overview/overview.h"
#include "spool/overview/overview_json.h"
#include "spool/status/health.h"
#include "spool/status/run_json.h"
#include "spool/status/status_json.h"
#include "spool/status/status_page.h"
#include <string.h>

/* The nonce in the page's Content-Security-Policy. It may be known: the file has no script but its own. */
#define NONCE "report"

static enum err_code compose(const struct spool_command *c, const struct status *s,
                             struct buf *page, struct err *e)
{
    struct health health;
    struct health_conf conf = {.side = RUN_HISTORY_LOAD,
                               .stale_after = health_stale_after(c->options),
                               .since = WHEN_NONE};
    struct status_view view = {
        .program = "spool", .stale_after = conf.stale_after, .health = &health, .spool = c->spool};
    struct buf json;
    health_check(&health, &conf, s, NULL, 0);
    buf_init(&json, STATUS_JSON_MAX + RUN_JSON_MAX);
    enum err_code rc = status_json(&json, s, &view);
    if (rc == OK)
        rc = status_page_render(page, NONCE, json.data);
    buf_free(&json);
    return rc == OK ? OK : buf_err(e, rc, page, "the report");
}

static enum err_code publish(const char *file, const struct buf *page, struct err *e)
{
    char dir[IO_PATH];
    const char *slash = strrchr(file, '/');
    size_t n = slash == NULL ? 1 : (size_t)(slash - file + 1);
    if (n >= sizeof dir || (slash != NULL && slash[1] == 0))
        return err_set(e, ERR_USAGE, "--html: '%.200s' is no file's name", file);
    memcpy(dir, slash == NULL ? "." : file, n);
    dir[n] = 0;
    return io_publish(dir, slash != NULL ? slash + 1 : file, page->data, page->len, e);
}

static enum err_code file_asked_for(const struct options *o, const char **file, struct err *e)
{
    *file = options_text(o, OPT_HTML);
    return *file != NULL
               ? OK
               : err_set(e, ERR_USAGE, "report needs --html FILE: where the page is to go");
}

enum err_code spool_report_all(const struct options *o, struct err *e)
{
    struct buf json;
    struct buf page;
    const char *file = NULL;
    enum err_code rc = file_asked_for(o, &file, e);
    buf_init(&json, OVERVIEW_JSON_MAX);
    buf_init(&page, STATUS_PAGE_MAX);
    if (rc == OK && (rc = overview_report(o, &json, e)) == OK &&
        (rc = status_page_accounts(&page, NONCE, json.data)) != OK)
        (void)buf_err(e, rc, &page, "the report");
    if (rc == OK)
        rc = publish(file, &page, e);
    buf_free(&json);
    buf_free(&page);
    return rc;
}

enum err_code spool_command_report(const struct spool_command *c, struct err *e)
{
    struct status_watch *w = NULL;
    struct buf page;
    const char *file = NULL;
    enum err_code rc = file_asked_for(c->options, &file, e);
    if (rc != OK)
        return rc;
    buf_init(&page, STATUS_PAGE_MAX);
    rc = spool_command_look(c, &w, e);
    if (rc == OK && (rc = compose(c, status_of(w), &page, e)) == OK)
        rc = publish(file, &page, e);
    if (rc == OK && status_of(w)->damaged > 0)
        rc = spool_command_found(ERR_SET_ASIDE, "the spool is damaged",
                                 "netty-spool verify looks closer", e);
    status_close(w);
    buf_free(&page);
    return rc;
}
