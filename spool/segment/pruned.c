#include "spool/segment/pruned.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include <errno.h>
#include <inttypes.h>

#define FORMAT   1
#define TEXT_MAX 4096

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    uint64_t version = 0;
    struct field fields[] = {
        {.name = "netty_pruned", .type = FIELD_COUNT, .to = &version},
        {.name = "segment", .type = FIELD_COUNT, .to = ctx},
    };
    if (number > 0)
        return OK; /* a later format's */
    return fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
}

enum err_code pruned_read(const char *dir, uint64_t *through, struct err *e)
{
    struct err why = ERR_INIT;
    *through = 0;
    enum err_code rc = small_file_read(dir, PRUNED_FILE, on_line, through, &why);
    if (rc == OK)
        return OK;
    *through = 0;
    if (why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

enum err_code pruned_write(const char *dir, uint64_t through, struct err *e)
{
    char at[WHEN_TEXT];
    uint64_t was;
    struct buf text;
    enum err_code rc = pruned_read(dir, &was, e);
    if (rc != OK && rc != ERR_DAMAGED)
        return rc;
    if (rc == OK && was >= through)
        return OK;
    buf_init(&text, TEXT_MAX);
    rc = buf_addf(&text, "{\"netty_pruned\":%d,\"segment\":%" PRIu64 ",\"at\":\"%s\"", FORMAT,
                  through, when_iso(when_now(), at));
    if (rc == OK)
        rc = checksum_line_end(&text, 0);
    if (rc != OK)
        (void)buf_err(e, rc, &text, PRUNED_FILE);
    else
        rc = io_replace(dir, PRUNED_FILE, text.data, text.len, e);
    buf_free(&text);
    FAULT("pruned-written");
    return rc;
}
