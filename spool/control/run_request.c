#include "spool/control/run_request.h"

#include "shared/files/fault_point.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#define FORMAT   1
#define TEXT_MAX 1024

enum err_code run_request_draw(char id[RUN_REQUEST_ID], struct err *e)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_set(e, ERR_INTERNAL, "cannot get random numbers");
    (void)snprintf(id, RUN_REQUEST_ID, "%016" PRIx64, random);
    return OK;
}

enum err_code run_request_leave(const struct spool *s, const char *table, char id[RUN_REQUEST_ID],
                                struct err *e)
{
    char path[IO_PATH];
    char now[WHEN_TEXT];
    struct stat st;
    struct buf text;
    enum err_code rc = table[0] == '\0' ? OK : names_check_table(table, "the request", e);
    if (rc != OK || (rc = io_path(path, spool_dir(s), RUN_REQUEST_FILE, e)) != OK ||
        (rc = run_request_draw(id, e)) != OK)
        return rc;
    if (lstat(path, &st) == 0)
        return err_set(e, ERR_BUSY,
                       "a run has been asked for already, and netty-extract --every has not taken "
                       "it up yet");
    buf_init(&text, TEXT_MAX);
    rc = buf_addf(&text, "{\"netty_run\":%d,\"id\":\"%s\",\"table\":\"%s\",\"asked\":\"%s\"",
                  FORMAT, id, table, when_iso(when_now(), now));
    if (rc == OK)
        rc = checksum_line_end(&text, 0);
    if (rc != OK)
        (void)buf_err(e, rc, &text, RUN_REQUEST_FILE);
    else
        rc = io_replace(spool_dir(s), RUN_REQUEST_FILE, text.data, text.len, e);
    buf_free(&text);
    FAULT("run-asked");
    return rc;
}

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    struct run_request *r = ctx;
    uint64_t version = 0;
    struct field fields[] = {
        {.name = "netty_run", .type = FIELD_COUNT, .to = &version},
        {.name = "id", .type = FIELD_TEXT, .to = r->id, .room = sizeof r->id},
        {.name = "table", .type = FIELD_TEXT, .to = r->table, .room = sizeof r->table},
        {.name = "asked", .type = FIELD_TIME, .to = &r->asked},
    };
    return number > 0 ? OK : fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
}

enum err_code run_request_take(const struct spool *s, struct run_request *r, bool *there,
                               struct err *e)
{
    char path[IO_PATH];
    struct err why = ERR_INIT;
    *there = false;
    *r = (struct run_request){.asked = WHEN_NONE};
    enum err_code rc = io_path(path, spool_dir(s), RUN_REQUEST_FILE, e);
    if (rc != OK)
        return rc;
    rc = small_file_read(spool_dir(s), RUN_REQUEST_FILE, on_line, r, &why);
    if (rc != OK && why.sys == ENOENT)
        return OK;
    if (rc == ERR_DAMAGED)
        *r = (struct run_request){.asked = WHEN_NONE};
    else if (rc != OK) {
        *e = why;
        return rc;
    }
    *there = true;
    return safe_remove(path, e);
}
