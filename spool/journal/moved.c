#include "spool/journal/moved.h"

#include "shared/files/fault_point.h"
#include "shared/time/when.h"
#include "spool/format/json_fields.h"
#include "spool/format/position_change.h"
#include <inttypes.h>
#include <string.h>

#define FORMAT 1

static enum err_code decode(void *to, const char *line, size_t n, struct err *e)
{
    struct moved *m = to;
    uint64_t version = 0;
    struct slice changes = {0};
    struct field fields[] = {
        {.name = "netty_moved", .type = FIELD_COUNT, .to = &version},
        {.name = "chain", .type = FIELD_HASH, .to = &m->chain},
        {.name = "fetched", .type = FIELD_TIME, .to = &m->fetched},
        {.name = "complete_to", .type = FIELD_TIME, .to = &m->complete_to, .optional = true},
        {.name = "position", .type = FIELD_RAW, .to = &changes},
    };
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
    if (rc == ERR_CONFIG)
        err_prefix(e, MOVED_FILE);
    if (rc == OK && changes.n > MOVED_CHANGES_MAX)
        rc = err_set(e, ERR_DAMAGED, "has a position that cannot be");
    if (rc != OK)
        return rc;
    memcpy(m->changes, changes.p, changes.n);
    m->changes[changes.n] = '\0';
    m->n = changes.n;
    return OK;
}

enum err_code moved_read(const char *dir, struct moved *m, struct err *e)
{
    enum hint_file_state state;
    *m = (struct moved){0};
    enum err_code rc = hint_file_decode(dir, MOVED_FILE, decode, m, &state, e);
    if (state != HINT_FILE_KNOWN)
        *m = (struct moved){.damaged = state == HINT_FILE_DAMAGED};
    return rc;
}

enum err_code moved_write(int *fd, const char *dir, const struct page_info *page,
                          const char *changes, size_t n, struct err *e)
{
    struct buf line;
    char fetched[WHEN_TEXT];
    char to[WHEN_TEXT];
    bool told = page->complete_to != WHEN_NONE;
    buf_init(&line, HINT_FILE_MAX);
    enum err_code rc = buf_addf(&line,
                                "{\"netty_moved\":%d,\"chain\":\"%016" PRIx64
                                "\",\"fetched\":\"%s\",\"complete_to\":%s%s%s,\"position\":%.*s",
                                FORMAT, page->chain, when_iso(page->fetched, fetched),
                                told ? "\"" : "", told ? when_iso(page->complete_to, to) : "null",
                                told ? "\"" : "", (int)n, changes);
    rc = rc == OK ? hint_file_write(fd, dir, MOVED_FILE, &line, e)
                  : buf_err(e, rc, &line, MOVED_FILE);
    buf_free(&line);
    FAULT("moved-written");
    return rc;
}

void moved_close(int *fd)
{
    hint_file_close(fd);
}

bool moved_is_of(const struct moved *m, const struct page_info *page)
{
    return m->n > 0 && page->chain != 0 && m->chain == page->chain;
}

enum err_code moved_position(struct buf *now, const struct moved *m, const char *own, struct err *e)
{
    struct err why = ERR_INIT;
    enum err_code rc = position_change_apply(now, own, m->changes, m->n, &why);
    if (rc == ERR_DAMAGED) {
        buf_reset(now);
        if ((rc = buf_adds(now, own)) != OK)
            return buf_err(e, rc, now, "a position");
    }
    if (rc != OK && e)
        *e = why;
    return rc;
}
