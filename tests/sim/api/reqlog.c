#include "tests/sim/api/reqlog.h"

#include "shared/files/file_io.h"
#include "shared/time/when.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAX ((size_t)256 << 20)

struct reqlog {
    struct buf lines;
    int64_t began; /* when_tick() */
    uint64_t count;
    int fd; /* -1: none */
};

enum err_code reqlog_open(struct reqlog **out, const char *path, struct err *e)
{
    *out = NULL;
    struct reqlog *log = calloc(1, sizeof *log);
    if (log == NULL)
        return err_set(e, ERR_NOMEM, "no memory for the request log");
    log->fd = -1;
    if (path != NULL &&
        (log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) {
        enum err_code rc = err_sys(e, ERR_CREATE, "cannot write the request log %s", path);
        free(log);
        return rc;
    }
    buf_init(&log->lines, LOG_MAX);
    log->began = when_tick();
    *out = log;
    return OK;
}

void reqlog_close(struct reqlog *log)
{
    if (log == NULL)
        return;
    if (log->fd >= 0)
        (void)close(log->fd);
    buf_free(&log->lines);
    free(log);
}

static void forget_half(struct reqlog *log)
{
    size_t half = log->lines.len / 2;
    const char *end = memchr(log->lines.data + half, '\n', log->lines.len - half);
    buf_consume(&log->lines, end != NULL ? (size_t)(end + 1 - log->lines.data) : log->lines.len);
}

static enum err_code add_text(struct buf *b, const char *name, const char *text)
{
    enum err_code rc = buf_addf(b, ",\"%s\":", name);
    return rc == OK ? buf_add_json(b, text, strlen(text)) : rc;
}

static enum err_code add_line(struct buf *b, const struct reqlog *log, const struct reqlog_entry *e)
{
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"ms\":%lld,\"n\":%llu", (long long)(when_tick() - log->began) / 1000,
                       (unsigned long long)log->count)) != OK ||
        (rc = add_text(b, "table", e->table)) != OK ||
        (rc = buf_addf(b, ",\"limit\":%lld,\"offset\":%lld", (long long)e->limit,
                       (long long)e->offset)) != OK ||
        (rc = add_text(b, "filters", e->filters != NULL ? e->filters : "")) != OK ||
        (rc = add_text(b, "sort", e->sort != NULL ? e->sort : "")) != OK ||
        (rc = buf_addf(b, ",\"status\":%u,\"records\":%zu,\"total\":%zu", e->status, e->records,
                       e->total)) != OK ||
        (rc = add_text(b, "fault", e->fault)) != OK)
        return rc;
    return buf_addf(b, ",\"throttled\":%s,\"keyed\":%s,\"connection\":%llu}\n",
                    e->throttled ? "true" : "false", e->keyed ? "true" : "false",
                    (unsigned long long)e->connection);
}

void reqlog_add(struct reqlog *log, const struct reqlog_entry *entry)
{
    log->count++;
    if (log->lines.len > LOG_MAX - (1 << 20))
        forget_half(log);
    size_t begin = log->lines.len;
    if (add_line(&log->lines, log, entry) != OK) {
        buf_truncate(&log->lines, begin);
        return;
    }
    /* A log that cannot be written is not worth failing a test's server for; memory has it. */
    if (log->fd >= 0 &&
        io_write(log->fd, log->lines.data + begin, log->lines.len - begin, "--log", NULL) != OK) {
        (void)close(log->fd);
        log->fd = -1;
    }
}

const struct buf *reqlog_text(const struct reqlog *log)
{
    return &log->lines;
}

void reqlog_reset(struct reqlog *log)
{
    buf_reset(&log->lines);
    log->began = when_tick();
    log->count = 0;
}
