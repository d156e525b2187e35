/* The reading half of zstd_frames.h. */
#include "spool/segment/zstd_frames.h"

#include "shared/files/file_io.h"
#include "spool/segment/seek_table.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#define ZSTD_FRAME     0xFD2FB528u
#define WINDOW_LOG_MAX 23  /* 8 MiB: a damaged header must not make it allocate a gigabyte */
#define TABLE_STEP     512 /* entries read at a time */
#define HEADER_MAX     18

struct frame {
    uint64_t index;
    uint64_t at;         /* in the file */
    uint64_t compressed; /* 0: not known yet */
    uint64_t offset;     /* in the NDJSON */
    uint64_t bytes;
};

struct zstd_frames {
    int fd;
    const char *path;
    uint64_t size;  /* of the file */
    uint64_t end;   /* where the frames end: the table's place, or the file's end */
    uint64_t count; /* of the table's entries; 0 when frames are walked */
    const char *complaint;
    struct frame frame; /* the one at hand */
    uint64_t in_at;     /* next compressed byte to read */
    uint64_t out;       /* bytes of the frame handed out */
    bool finished;      /* and its checksum was right */
    ZSTD_DCtx *zstd;
    ZSTD_inBuffer in;
    unsigned char *input;
    size_t capacity;
    uint64_t step_from; /* entries held in step */
    size_t step_count;
    unsigned char step[TABLE_STEP * SEEK_ENTRY];
};

static enum err_code read_exactly(struct zstd_frames *f, void *p, size_t n, uint64_t at,
                                  bool *whole, struct err *e)
{
    size_t got;
    enum err_code rc = io_pread(f->fd, p, n, (int64_t)at, &got, f->path, e);
    *whole = rc == OK && got == n;
    return rc;
}

static enum err_code table_entry(struct zstd_frames *f, uint64_t index, uint32_t *compressed,
                                 uint32_t *bytes, struct err *e)
{
    if (index < f->step_from || index >= f->step_from + f->step_count) {
        bool whole;
        size_t n = f->count - index < TABLE_STEP ? (size_t)(f->count - index) : TABLE_STEP;
        f->step_count = 0;
        enum err_code rc = read_exactly(f, f->step, n * SEEK_ENTRY,
                                        f->end + SEEK_HEAD + index * SEEK_ENTRY, &whole, e);
        if (rc != OK)
            return rc;
        if (!whole)
            return err_set(e, ERR_DAMAGED, "the compressed file ends within its seek table");
        f->step_from = index;
        f->step_count = n;
    }
    const unsigned char *entry = f->step + (index - f->step_from) * SEEK_ENTRY;
    *compressed = seek_get32(entry);
    *bytes = seek_get32(entry + 4);
    return OK;
}

/* Sets count and end when head and foot of a table are there. */
static enum err_code find_table(struct zstd_frames *f, struct err *e)
{
    unsigned char foot[SEEK_FOOT] = {0};
    unsigned char head[SEEK_HEAD] = {0};
    bool whole;
    enum err_code rc;
    f->complaint = "has no intact seek table";
    if (f->size < SEEK_HEAD + SEEK_FOOT)
        return OK;
    if ((rc = read_exactly(f, foot, sizeof foot, f->size - SEEK_FOOT, &whole, e)) != OK)
        return rc;
    uint64_t count = seek_get32(foot);
    uint64_t length = count * SEEK_ENTRY + SEEK_FOOT;
    if (!whole || foot[4] != 0 || seek_get32(foot + 5) != SEEK_MAGIC ||
        length + SEEK_HEAD > f->size)
        return OK;
    uint64_t at = f->size - length - SEEK_HEAD;
    if ((rc = read_exactly(f, head, sizeof head, at, &whole, e)) != OK)
        return rc;
    if (!whole || seek_get32(head) != SEEK_SKIPPABLE || seek_get32(head + 4) != length)
        return OK;
    f->complaint = NULL;
    f->count = count;
    f->end = at;
    return OK;
}

/* A table with one wrong number would lead to wrong places, so all of it must add up. */
static enum err_code check_table(struct zstd_frames *f, uint64_t total, struct err *e)
{
    uint64_t compressed = 0;
    uint64_t bytes = 0;
    for (uint64_t i = 0; i < f->count; i++) {
        uint32_t c = 0;
        uint32_t b = 0;
        enum err_code rc = table_entry(f, i, &c, &b, e);
        if (rc == ERR_DAMAGED)
            break; /* cut short while we look: it does not add up */
        if (rc != OK)
            return rc;
        compressed += c;
        bytes += b;
    }
    if (compressed != f->end || (total != UINT64_MAX && bytes != total)) {
        f->complaint = "has a seek table that does not add up";
        f->count = 0;
        f->end = f->size;
    }
    return OK;
}

enum err_code zstd_frames_open(struct zstd_frames **out, int fd, const char *path, uint64_t total,
                               struct err *e)
{
    struct stat st;
    enum err_code rc;
    struct zstd_frames *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f)
        return err_set(e, ERR_NOMEM, "out of memory");
    f->fd = fd;
    f->path = path;
    f->capacity = ZSTD_DStreamInSize();
    f->input = malloc(f->capacity);
    f->zstd = ZSTD_createDCtx();
    if (!f->input || !f->zstd ||
        ZSTD_isError(ZSTD_DCtx_setParameter(f->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        rc = err_set(e, ERR_NOMEM, "out of memory");
        goto done;
    }
    if (fstat(fd, &st) != 0) {
        rc = err_sys(e, ERR_IO, "cannot look at %s", path);
        goto done;
    }
    f->size = f->end = (uint64_t)st.st_size;
    if ((rc = find_table(f, e)) != OK || (rc = check_table(f, total, e)) != OK)
        goto done;
    *out = f;
    f = NULL;
done:
    zstd_frames_close(f);
    return rc;
}

void zstd_frames_close(struct zstd_frames *f)
{
    if (!f)
        return;
    (void)ZSTD_freeDCtx(f->zstd);
    free(f->input);
    free(f);
}

const char *zstd_frames_complaint(const struct zstd_frames *f)
{
    return f->complaint;
}

static enum err_code damaged_at(uint64_t at, const char *what, struct err *e)
{
    return err_set(e, ERR_DAMAGED, "byte %" PRIu64 " of the compressed file: %s", at, what);
}

/* The length of a frame without decompressing it: header, blocks (3 bytes each say how long),
 * checksum. */
static enum err_code walk_blocks(struct zstd_frames *f, size_t header, bool checksum, struct err *e)
{
    uint64_t at = f->frame.at + header;
    bool last = false;
    while (!last) {
        unsigned char block[3] = {0};
        bool whole;
        enum err_code rc = read_exactly(f, block, sizeof block, at, &whole, e);
        if (rc != OK)
            return rc;
        if (!whole)
            return damaged_at(at, "ends within a frame", e);
        uint32_t head = (uint32_t)block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16;
        last = head & 1;
        at += sizeof block + ((head >> 1 & 3) == 1 ? 1u : head >> 3);
        if (at > f->end)
            return damaged_at(f->frame.at, "a frame goes beyond the file's end", e);
    }
    f->frame.compressed = at + (checksum ? 4u : 0u) - f->frame.at;
    return OK;
}

static enum err_code walk_frame(struct zstd_frames *f, struct err *e)
{
    static const unsigned char dictionary_bytes[4] = {0, 1, 2, 4};
    static const unsigned char size_bytes[4] = {0, 2, 4, 8};
    unsigned char head[HEADER_MAX] = {0};
    size_t got;
    enum err_code rc = io_pread(f->fd, head, sizeof head, (int64_t)f->frame.at, &got, f->path, e);
    if (rc != OK)
        return rc;
    if (got < 6 || seek_get32(head) != ZSTD_FRAME)
        return damaged_at(f->frame.at, "no frame begins here", e);
    unsigned long long bytes = ZSTD_getFrameContentSize(head, got);
    if (bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes == ZSTD_CONTENTSIZE_ERROR)
        return damaged_at(f->frame.at, "a frame does not say its size", e);
    unsigned char flags = head[4];
    bool single = flags & 0x20;
    size_t header = (single ? 5u : 6u) + dictionary_bytes[flags & 3] +
                    (flags >> 6 == 0 ? (size_t)single : size_bytes[flags >> 6]);
    f->frame.bytes = bytes;
    return walk_blocks(f, header, flags & 4, e);
}

enum err_code zstd_frames_walk(struct zstd_frames *f, uint64_t at, uint64_t *compressed,
                               uint64_t *bytes, struct err *e)
{
    struct err why = ERR_INIT;
    f->frame = (struct frame){.at = at};
    enum err_code rc = walk_frame(f, &why);
    *compressed = rc == OK ? f->frame.compressed : 0;
    *bytes = rc == OK ? f->frame.bytes : 0;
    f->frame = (struct frame){0};
    if (rc == OK || rc == ERR_DAMAGED)
        return OK;
    *e = why;
    return rc;
}

/* Finds the sizes of the current frame: from the table, or from the frame itself. */
static enum err_code find_frame(struct zstd_frames *f, struct err *e)
{
    uint32_t compressed = 0;
    uint32_t bytes = 0;
    if (f->count == 0)
        return walk_frame(f, e);
    enum err_code rc = table_entry(f, f->frame.index, &compressed, &bytes, e);
    if (rc == OK) {
        f->frame.compressed = compressed;
        f->frame.bytes = bytes;
    }
    return rc;
}

static bool at_end(const struct zstd_frames *f)
{
    return f->count ? f->frame.index >= f->count : f->frame.at >= f->end;
}

enum err_code zstd_frames_seek(struct zstd_frames *f, uint64_t offset, struct err *e)
{
    enum err_code rc;
    if (offset < f->frame.offset)
        f->frame = (struct frame){0};
    while (!at_end(f) && f->frame.offset <= offset) {
        f->frame.compressed = 0;
        if ((rc = find_frame(f, e)) != OK)
            return rc;
        if (f->frame.offset == offset)
            break;
        f->frame.index++;
        f->frame.at += f->frame.compressed;
        f->frame.offset += f->frame.bytes;
        if (f->frame.offset < f->frame.bytes)
            return damaged_at(f->frame.at, "frames of impossible size", e);
    }
    if (at_end(f) || f->frame.offset != offset)
        return err_set(e, ERR_DAMAGED, "no frame of the compressed file begins there");
    (void)ZSTD_DCtx_reset(f->zstd, ZSTD_reset_session_only);
    f->in_at = f->frame.at;
    f->in = (ZSTD_inBuffer){f->input, 0, 0};
    f->out = 0;
    f->finished = false;
    return OK;
}

static enum err_code more_input(struct zstd_frames *f, bool *none, struct err *e)
{
    uint64_t left = f->frame.at + f->frame.compressed - f->in_at;
    size_t n = left < f->capacity ? (size_t)left : f->capacity;
    size_t got;
    enum err_code rc = io_pread(f->fd, f->input, n, (int64_t)f->in_at, &got, f->path, e);
    if (rc != OK)
        return rc;
    f->in = (ZSTD_inBuffer){f->input, got, 0};
    f->in_at += got;
    *none = got == 0;
    return OK;
}

enum err_code zstd_frames_read(struct zstd_frames *f, void *p, size_t n, size_t *got, struct err *e)
{
    ZSTD_outBuffer out = {p, n, 0};
    *got = 0;
    /* With all bytes out there is still the frame's checksum to be read and compared. */
    while (!f->finished && (out.pos < n || f->out == f->frame.bytes)) {
        size_t before = out.pos;
        size_t code = ZSTD_decompressStream(f->zstd, &out, &f->in);
        if (ZSTD_isError(code))
            return damaged_at(f->frame.at, ZSTD_getErrorName(code), e);
        f->out += out.pos - before;
        f->finished = code == 0;
        if (f->out > f->frame.bytes || (f->finished && f->out < f->frame.bytes))
            return damaged_at(f->frame.at, "a frame is not of the size it should be", e);
        if (!f->finished && out.pos == before && f->in.pos == f->in.size) {
            bool none;
            enum err_code rc = more_input(f, &none, e);
            if (rc != OK)
                return rc;
            if (none)
                return damaged_at(f->in_at, "a frame ends too soon", e);
        }
    }
    *got = out.pos;
    return OK;
}
