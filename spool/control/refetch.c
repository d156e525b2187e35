#include "spool/control/refetch.h"

#include "shared/files/fault_point.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include "spool/store/mirror.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define FORMAT   1
#define TEXT_MAX (PAGE_POSITION_MAX + 4096)

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t n, struct err *e)
{
    struct refetch *r = ctx;
    uint64_t version = 0;
    struct slice position = {0};
    struct field fields[] = {
        {.name = "netty_refetch", .type = FIELD_COUNT, .to = &version},
        {.name = "asked", .type = FIELD_TIME, .to = &r->asked},
        {.name = "low", .type = FIELD_TIME, .to = &r->low, .optional = true},
        {.name = "position", .type = FIELD_RAW, .to = &position, .optional = true},
    };
    if (number > 0)
        return OK;
    enum err_code rc = fields_read_head(line, n, fields, FIELDS(fields), FORMAT, e);
    if (rc != OK)
        return rc;
    if (position.n > PAGE_POSITION_MAX)
        return err_set(e, ERR_DAMAGED, "has a position that cannot be");
    if (position.n > 0)
        memcpy(r->position, position.p, position.n);
    r->position[position.n] = '\0';
    return OK;
}

static enum err_code read_named(const struct spool *s, const char *table, const char *name,
                                struct refetch *r, bool *there, struct err *e)
{
    char dir[IO_PATH];
    struct err why = ERR_INIT;
    *there = false;
    *r = (struct refetch){.asked = WHEN_NONE, .low = WHEN_NONE};
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK)
        return rc;
    rc = small_file_read(dir, name, on_line, r, &why);
    *there = rc == OK || rc == ERR_DAMAGED;
    if (rc == ERR_DAMAGED)
        *r = (struct refetch){.asked = WHEN_NONE, .low = WHEN_NONE};
    if (*there || why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

enum err_code refetch_read(const struct spool *s, const char *table, struct refetch *r, bool *there,
                           struct err *e)
{
    return read_named(s, table, REFETCH_FILE, r, there, e);
}

enum err_code refetch_read_wish(const struct spool *s, const char *table, struct refetch *r,
                                bool *there, struct err *e)
{
    return read_named(s, table, REFETCH_WISH, r, there, e);
}

static enum err_code compose(struct buf *b, const struct refetch *r)
{
    char asked[WHEN_TEXT];
    char low[WHEN_TEXT];
    bool known = r->low != WHEN_NONE;
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"netty_refetch\":%d,\"asked\":\"%s\",\"low\":%s%s%s,\"position\":",
                       FORMAT, when_iso(r->asked, asked), known ? "\"" : "",
                       known ? when_iso(r->low, low) : "null", known ? "\"" : "")) != OK ||
        (rc = buf_adds(b, *r->position ? r->position : "null")) != OK)
        return rc;
    return checksum_line_end(b, 0);
}

bool refetch_by_time(const char *position)
{
    return *position != '\0' && strstr(position, "\"phase\":\"keys\"") == NULL;
}

static enum err_code ask(const struct spool *s, const char *table, const char *name,
                         const struct refetch *r, struct err *e)
{
    char dir[IO_PATH];
    struct refetch both = *r;
    struct refetch old;
    struct buf text;
    bool there;
    enum err_code rc;
    if ((rc = table_dir(dir, s, table, e)) != OK ||
        (rc = read_named(s, table, name, &old, &there, e)) != OK)
        return rc;
    bool known = old.low != WHEN_NONE && r->low != WHEN_NONE && refetch_by_time(old.position) &&
                 refetch_by_time(r->position);
    if (there && strcmp(old.position, r->position) == 0)
        both.low = old.low < r->low ? old.low : r->low; /* WHEN_NONE is the least */
    else if (there && known && old.low <= r->low)
        both = old;
    else if (there && !known)
        both.position[0] = '\0';
    both.asked = r->asked;
    buf_init(&text, TEXT_MAX);
    if ((rc = compose(&text, &both)) != OK)
        (void)buf_err(e, rc, &text, name);
    else
        rc = io_replace(dir, name, text.data, text.len, e);
    buf_free(&text);
    FAULT("refetch-written");
    return rc;
}

enum err_code refetch_ask(const struct spool *s, const char *table, const struct refetch *r,
                          struct err *e)
{
    return ask(s, table, spool_is_mirror(s) ? REFETCH_WISH : REFETCH_FILE, r, e);
}

enum err_code refetch_take_wish(const struct spool *s, const char *table, struct err *e)
{
    char dir[IO_PATH];
    struct refetch wish;
    bool there = false;
    int lock = -1;
    enum err_code rc = table_dir(dir, s, table, e);
    if (rc != OK || (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    if ((rc = refetch_read_wish(s, table, &wish, &there, e)) == OK && there)
        rc = ask(s, table, REFETCH_FILE, &wish, e);
    small_file_unlock(lock);
    return rc;
}

enum err_code refetch_drop_wish(const struct spool *s, const char *table, struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    enum err_code rc;
    if ((rc = table_dir(dir, s, table, e)) != OK ||
        (rc = io_path(path, dir, REFETCH_WISH, e)) != OK)
        return rc;
    return safe_remove(path, e);
}

enum err_code refetch_clear(const struct spool *s, const char *table, const struct refetch *r,
                            struct err *e)
{
    char dir[IO_PATH];
    char path[IO_PATH];
    struct refetch now;
    bool there = false;
    int lock = -1;
    enum err_code rc;
    if ((rc = table_dir(dir, s, table, e)) != OK ||
        (rc = io_path(path, dir, REFETCH_FILE, e)) != OK ||
        (rc = small_file_lock(dir, &lock, e)) != OK)
        return rc;
    rc = refetch_read(s, table, &now, &there, e);
    if (rc == OK && there && now.asked == r->asked) {
        rc = safe_remove(path, e);
        if (rc == OK)
            rc = io_sync_dir(dir, e);
    }
    small_file_unlock(lock);
    FAULT("refetch-cleared");
    return rc;
}
