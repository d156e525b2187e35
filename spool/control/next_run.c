#include "spool/control/next_run.h"

#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/hint_file.h"
#include "spool/format/json_fields.h"

void next_run_tell(const struct spool *s, int64_t at)
{
    struct buf line;
    struct err e = ERR_INIT;
    char text[WHEN_TEXT];
    int fd = -1;
    buf_init(&line, HINT_FILE_MAX);
    enum err_code rc = buf_addf(&line, "{\"netty_next\":1,\"at\":\"%s\"", when_iso(at, text));
    if (rc != OK)
        rc = buf_err(&e, rc, &line, NEXT_RUN_FILE);
    else
        rc = hint_file_write(&fd, spool_dir(s), NEXT_RUN_FILE, &line, &e);
    if (rc != OK)
        LOG(LOG_DEBUG, "next", "the spool is not told when the next run is due", F_ERR(&e));
    hint_file_close(&fd);
    buf_free(&line);
}

void next_run_forget(const struct spool *s)
{
    char path[IO_PATH];
    struct err e = ERR_INIT;
    if (io_path(path, spool_dir(s), NEXT_RUN_FILE, &e) != OK || safe_remove(path, &e) != OK)
        LOG(LOG_DEBUG, "next", "the spool still tells of a next run", F_ERR(&e));
}

int64_t next_run_told(const struct spool *s)
{
    char line[HINT_FILE_MAX];
    enum hint_file_state state;
    size_t n = 0;
    int64_t at = WHEN_NONE;
    struct field fields[] = {{.name = "at", .type = FIELD_TIME, .to = &at}};
    if (hint_file_read(spool_dir(s), NEXT_RUN_FILE, line, &n, &state, NULL) != OK ||
        state != HINT_FILE_KNOWN || fields_read(line, n, fields, FIELDS(fields), NULL) != OK)
        return WHEN_NONE;
    return at;
}
