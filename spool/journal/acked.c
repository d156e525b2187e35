#include "spool/journal/acked.h"

#include "shared/files/fault_point.h"
#include "spool/format/hint_file.h"
#include "spool/format/json_fields.h"
#include <inttypes.h>

#define FORMAT 1

static enum err_code decode(void *to, const char *line, size_t n, struct err *e)
{
    struct acked *a = to;
    uint64_t version = 0;
    uint64_t open = 0;
    struct field fields[] = {
        {.name = "netty_acked", .type = FIELD_COUNT, .to = &version},
        {.name = "segment", .type = FIELD_COUNT, .to = &a->place.segment},
        {.name = "page", .type = FIELD_COUNT, .to = &a->place.page},
        {.name = "open", .type = FIELD_COUNT, .to = &open},
    };
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
    if (rc == ERR_CONFIG)
        err_prefix(e, ACKED_FILE);
    a->open = open != 0;
    return rc;
}

enum err_code acked_read(const char *dir, struct acked *a, enum acked_state *state, struct err *e)
{
    enum hint_file_state hint;
    *a = (struct acked){0};
    enum err_code rc = hint_file_decode(dir, ACKED_FILE, decode, a, &hint, e);
    *state = hint == HINT_FILE_NONE    ? ACKED_NONE
             : hint == HINT_FILE_KNOWN ? ACKED_KNOWN
                                       : ACKED_DAMAGED;
    if (*state != ACKED_KNOWN)
        *a = (struct acked){0};
    return rc;
}

enum err_code acked_write(int *fd, const char *dir, const struct acked *a, struct err *e)
{
    struct buf line;
    buf_init(&line, HINT_FILE_MAX);
    enum err_code rc = buf_addf(
        &line, "{\"netty_acked\":%d,\"segment\":%" PRIu64 ",\"page\":%" PRIu64 ",\"open\":%d",
        FORMAT, a->place.segment, a->place.page, a->open);
    rc = rc == OK ? hint_file_write(fd, dir, ACKED_FILE, &line, e)
                  : buf_err(e, rc, &line, ACKED_FILE);
    buf_free(&line);
    FAULT("acked-written");
    return rc;
}

void acked_close(int *fd)
{
    hint_file_close(fd);
}
