/* Reads an object: first the whole file, to compare its hash, then the items. */
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/remote/object.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <zstd.h>

#define CHUNK         ((size_t)256 << 10)
#define HEAD_MAX      1024
#define WINDOW_LOG    23
#define FILE_LINE_MAX 512

struct object_reader {
    int fd;
    char path[IO_PATH];
    struct object_head head;
    bool in_account; /* of a host's: an account was named */
    struct object_sum sum;
    uint64_t begin; /* of the frame in the file */
    uint64_t at;    /* of the next byte to read there */
    ZSTD_DCtx *zstd;
    bool ended; /* the frame is */
    char *raw;
    ZSTD_inBuffer in;
    struct buf text;  /* what was unpacked and not taken yet: a line at least */
    uint64_t content; /* bytes unpacked */
    uint64_t left;    /* of what follows the item at hand */
    char position[PAGE_POSITION_MAX + 1];
    char line[JOURNAL_LINE_MAX + 1];
};

bool object_tail(const char *p, size_t n, struct object_sum *sum)
{
    if (n < 2 || p[n - 1] != '\n')
        return false;
    const char *brace = memmem(p, n, "{\"end\":", 7);
    /* The line follows compressed bytes without a line end between; the last place that looks like its beginning counts. */
    for (const char *next = brace; next;
         next = memmem(next + 1, n - (size_t)(next + 1 - p), "{\"end\":", 7))
        brace = next;
    if (!brace || !checksum_line_ok(brace, n - 1 - (size_t)(brace - p)))
        return false;
    struct field fields[] = {
        {.name = "end", .type = FIELD_COUNT, .to = &sum->number},
        {.name = "content", .type = FIELD_COUNT, .to = &sum->content},
        {.name = "packed", .type = FIELD_COUNT, .to = &sum->packed},
        {.name = "hash", .type = FIELD_HASH, .to = &sum->hash},
    };
    return fields_read(brace, n - 1 - (size_t)(brace - p), fields, FIELDS(fields), NULL) == OK;
}

static enum err_code damaged(const struct object_reader *r, const char *why, struct err *e)
{
    return err_set(e, ERR_DAMAGED, "%s: %s", r->path, why);
}

bool object_begins(const struct object_head *h)
{
    return h->first || (h->whole > 0 && h->whole == h->number);
}

static enum err_code read_head(struct object_reader *r, struct err *e)
{
    char text[HEAD_MAX];
    size_t got;
    uint64_t version = 0;
    uint64_t first = 0;
    struct object_head *h = &r->head;
    struct field fields[] = {
        {.name = "netty_object", .type = FIELD_COUNT, .to = &version},
        {.name = "number", .type = FIELD_COUNT, .to = &h->number},
        {.name = "chain", .type = FIELD_TEXT, .to = h->chain, .room = sizeof h->chain},
        {.name = "spool", .type = FIELD_TEXT, .to = h->spool, .room = sizeof h->spool},
        {.name = "written", .type = FIELD_TIME, .to = &h->written},
        {.name = "before", .type = FIELD_COUNT, .to = &h->before},
        {.name = "before_hash", .type = FIELD_HASH, .to = &h->before_hash},
        {.name = "first", .type = FIELD_COUNT, .to = &first},
        {.name = "whole", .type = FIELD_COUNT, .to = &h->whole, .optional = true},
        {.name = "acked", .type = FIELD_COUNT, .to = &h->acked, .optional = true},
    };
    enum err_code rc = io_pread(r->fd, text, sizeof text, 0, &got, r->path, e);
    if (rc != OK)
        return rc;
    const char *lf = memchr(text, '\n', got);
    if (!lf || !checksum_line_ok(text, (size_t)(lf - text)))
        return damaged(r, "its first line is not what was written", e);
    rc = fields_read(text, (size_t)(lf - text), fields, 1, e);
    h->host = rc == OK && version == OBJECT_HOST;
    if (rc == OK)
        rc = fields_read_head(text, (size_t)(lf - text), fields, FIELDS(fields),
                              h->host ? OBJECT_HOST : OBJECT_FORMAT, e);
    if (rc != OK)
        return err_prefix(e, "%s", r->path);
    h->first = first != 0;
    r->begin = (uint64_t)(lf - text) + 1;
    return OK;
}

/* Reads the last line, which a cut object does not have. */
static enum err_code read_sum(struct object_reader *r, struct err *e)
{
    char text[OBJECT_TAIL_MAX];
    struct stat st;
    size_t got;
    if (fstat(r->fd, &st) != 0)
        return err_sys(e, ERR_IO, "cannot look at %s", r->path);
    int64_t from = st.st_size > OBJECT_TAIL_MAX ? st.st_size - OBJECT_TAIL_MAX : 0;
    enum err_code rc = io_pread(r->fd, text, sizeof text, from, &got, r->path, e);
    if (rc != OK)
        return rc;
    if (!object_tail(text, got, &r->sum))
        return damaged(r, "it is cut short", e);
    return OK;
}

static enum err_code check_hash(struct object_reader *r, struct err *e)
{
    XXH3_state_t *hash = XXH3_createState();
    uint64_t left = r->begin + r->sum.packed;
    uint64_t at = 0;
    enum err_code rc = OK;
    if (!hash || XXH3_64bits_reset(hash) != XXH_OK)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    while (rc == OK && left > 0) {
        size_t got = 0;
        size_t want = left < CHUNK ? (size_t)left : CHUNK;
        if ((rc = io_pread(r->fd, r->raw, want, (int64_t)at, &got, r->path, e)) != OK)
            break;
        if (got == 0)
            rc = damaged(r, "it is cut short", e);
        else if (XXH3_64bits_update(hash, r->raw, got) != XXH_OK)
            rc = err_set(e, ERR_INTERNAL, "cannot compute a checksum");
        at += got;
        left -= got;
    }
    if (rc == OK && (XXH3_64bits_digest(hash) != r->sum.hash || r->sum.number != r->head.number))
        rc = damaged(r, "it does not match its hash", e);
    (void)XXH3_freeState(hash);
    return rc;
}

enum err_code object_open(struct object_reader **out, const char *path, struct err *e)
{
    enum err_code rc;
    struct object_reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return err_set(e, ERR_NOMEM, "out of memory");
    r->fd = -1;
    (void)snprintf(r->path, sizeof r->path, "%s", path);
    buf_init(&r->text, 2 * CHUNK + JOURNAL_LINE_MAX);
    r->raw = malloc(CHUNK);
    r->zstd = ZSTD_createDCtx();
    if (!r->raw || !r->zstd ||
        ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, WINDOW_LOG)))
        rc = err_set(e, ERR_NOMEM, "out of memory");
    else if ((rc = safe_open(&r->fd, path, O_RDONLY, e)) == OK && (rc = read_head(r, e)) == OK &&
             (rc = read_sum(r, e)) == OK)
        rc = check_hash(r, e);
    r->at = r->begin;
    if (rc != OK)
        object_close(r);
    else
        *out = r;
    return rc;
}

const struct object_head *object_head(const struct object_reader *r)
{
    return &r->head;
}

const struct object_sum *object_sum(const struct object_reader *r)
{
    return &r->sum;
}

/* Unpacks more bytes into text; *got is 0 where the frame ends. */
static enum err_code unpack(struct object_reader *r, size_t *got, struct err *e)
{
    size_t had = r->text.len;
    enum err_code rc = OK;
    *got = 0;
    while (r->text.len == had && !r->ended) {
        uint64_t left = r->begin + r->sum.packed - r->at;
        if (r->in.pos == r->in.size && left > 0) {
            size_t n = left < CHUNK ? (size_t)left : CHUNK;
            if ((rc = io_pread(r->fd, r->raw, n, (int64_t)r->at, &n, r->path, e)) != OK)
                return rc;
            r->in = (ZSTD_inBuffer){r->raw, n, 0};
            r->at += n;
            if (n == 0)
                return damaged(r, "it became shorter while it was read", e);
        }
        if ((rc = buf_reserve(&r->text, CHUNK)) != OK)
            return buf_err(e, rc, &r->text, "an object's line");
        ZSTD_outBuffer out = {r->text.data + r->text.len, CHUNK, 0};
        size_t in = r->in.pos;
        size_t more = ZSTD_decompressStream(r->zstd, &out, &r->in);
        if (ZSTD_isError(more))
            return damaged(r, ZSTD_getErrorName(more), e);
        r->ended = more == 0;
        if (!r->ended && out.pos == 0 && in == r->in.pos && r->at == r->begin + r->sum.packed)
            return damaged(r, "its content is cut short", e);
        buf_grown(&r->text, out.pos);
        r->content += out.pos;
    }
    *got = r->text.len - had;
    return OK;
}

/* Drops the bytes behind the current item that were not read. */
static enum err_code pass_over(struct object_reader *r, struct err *e)
{
    char waste[4096];
    size_t got = 1;
    enum err_code rc = OK;
    while (rc == OK && got > 0)
        rc = object_read(r, waste, sizeof waste, &got, e);
    return rc;
}

static enum err_code next_line(struct object_reader *r, size_t *n, bool *there, struct err *e)
{
    const char *lf;
    enum err_code rc;
    *there = false;
    while (!(lf = memchr(r->text.data, '\n', r->text.len))) {
        size_t got;
        if (r->text.len > JOURNAL_LINE_MAX)
            return damaged(r, "a line is longer than any can be", e);
        if ((rc = unpack(r, &got, e)) != OK)
            return rc;
        if (got == 0 && r->text.len > 0)
            return damaged(r, "its last item is cut short", e);
        if (got == 0)
            return r->content == r->sum.content ? OK
                                                : damaged(r, "its content has another length", e);
    }
    *n = (size_t)(lf - r->text.data);
    if (*n > JOURNAL_LINE_MAX || !checksum_line_ok(r->text.data, *n))
        return damaged(r, "a line does not match its checksum", e);
    memcpy(r->line, r->text.data, *n);
    r->line[*n] = '\0';
    buf_consume(&r->text, *n + 1);
    *there = true;
    return OK;
}

/* Is it a name that a small file can have: one slash at most, no part that begins with a dot? */
static bool name_is_good(const char *name)
{
    const char *slash = strchr(name, '/');
    return *name &&
           name[strspn(name,
                       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")] ==
               '\0' &&
           name[0] != '.' && name[0] != '/' &&
           (!slash || (slash[1] != '.' && slash[1] != '\0' && !strchr(slash + 1, '/')));
}

static enum err_code read_file_line(struct object_reader *r, struct object_item *item,
                                    struct err *e)
{
    struct field fields[] = {
        {.name = "file", .type = FIELD_TEXT, .to = item->file, .room = sizeof item->file},
        {.name = "bytes", .type = FIELD_COUNT, .to = &item->bytes},
    };
    enum err_code rc = fields_read(item->text, item->n, fields, FIELDS(fields), e);
    if (rc != OK)
        return err_prefix(e, "%s", r->path);
    if (!name_is_good(item->file) || item->bytes > OBJECT_SMALL_MAX)
        return damaged(r, "a file in it has no name that can be", e);
    item->kind = OBJECT_FILE;
    return OK;
}

/* An account's name is one that a section of netty.conf can have (shared/options/accounts.h): it is a folder's here. */
static enum err_code read_account_line(struct object_reader *r, struct object_item *item,
                                       struct err *e)
{
    struct field fields[] = {
        {.name = "account", .type = FIELD_TEXT, .to = item->file, .room = sizeof item->file},
        {.name = "spool", .type = FIELD_TEXT, .to = item->spool, .room = sizeof item->spool},
        {.name = "first", .type = FIELD_COUNT, .to = &item->first, .optional = true},
        {.name = "told", .type = FIELD_HASH, .to = &item->told, .optional = true},
    };
    enum err_code rc = fields_read(item->text, item->n, fields, FIELDS(fields), e);
    if (rc != OK)
        return err_prefix(e, "%s", r->path);
    size_t n = strlen(item->file);
    if (n == 0 || n > OBJECT_ACCOUNT_MAX ||
        item->file[strspn(item->file, "abcdefghijklmnopqrstuvwxyz0123456789_-")] != '\0')
        return damaged(r, "an account in it has no name that can be", e);
    item->kind = OBJECT_ACCOUNT;
    r->in_account = true;
    return OK;
}

enum err_code object_next(struct object_reader *r, struct object_item *item, struct err *e)
{
    bool there;
    enum err_code rc;
    *item = (struct object_item){.kind = OBJECT_END, .text = r->line};
    if ((rc = pass_over(r, e)) != OK || (rc = next_line(r, &item->n, &there, e)) != OK || !there)
        return rc;
    bool account = r->head.host && strncmp(r->line, "{\"account\":", 11) == 0;
    if (r->head.host && !account && !r->in_account)
        return damaged(r, "an item in it is of no account", e);
    if (account) {
        rc = read_account_line(r, item, e);
    } else if (strncmp(r->line, "{\"file\":", 8) == 0) {
        rc = read_file_line(r, item, e);
    } else {
        item->line.position = r->position;
        if ((rc = journal_decode(r->line, item->n, &item->line, r->position, e)) != OK)
            return err_prefix(e, "%s", r->path);
        if (item->line.kind != JOURNAL_HEADER && item->line.kind != JOURNAL_PAGE)
            return damaged(r, "a line of no known kind", e);
        item->kind = item->line.kind == JOURNAL_HEADER ? OBJECT_HEADER : OBJECT_PAGE;
        item->bytes = item->kind == OBJECT_PAGE ? item->line.page.bytes : 0;
    }
    r->left = item->bytes;
    return rc;
}

enum err_code object_read(struct object_reader *r, void *p, size_t n, size_t *got, struct err *e)
{
    *got = 0;
    if (r->left == 0)
        return OK;
    if (r->text.len == 0) {
        size_t more;
        enum err_code rc = unpack(r, &more, e);
        if (rc != OK)
            return rc;
        if (more == 0)
            return damaged(r, "its last item is cut short", e);
    }
    *got = r->left < n ? (size_t)r->left : n;
    if (*got > r->text.len)
        *got = r->text.len;
    memcpy(p, r->text.data, *got);
    buf_consume(&r->text, *got);
    r->left -= *got;
    return OK;
}

enum err_code object_read_file(struct object_reader *r, struct buf *text, struct err *e)
{
    size_t got;
    buf_reset(text);
    enum err_code rc = buf_reserve(text, (size_t)r->left);
    if (rc != OK)
        return buf_err(e, rc, text, "a small file");
    while (rc == OK && r->left > 0)
        if ((rc = object_read(r, text->data + text->len, (size_t)r->left, &got, e)) == OK)
            buf_grown(text, got);
    return rc;
}

void object_close(struct object_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    (void)ZSTD_freeDCtx(r->zstd);
    free(r->raw);
    buf_free(&r->text);
    free(r);
}
