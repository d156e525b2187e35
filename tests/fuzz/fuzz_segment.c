/*
 * A whole segment through the reader, and a compressed file by itself. The input: a byte of flags,
 * the journal's lines without their sums up to an empty line, and the records' file.
 *
 *     flags 1: compressed; 2: a later segment is there
 */
#include "tests/fuzz/fuzz.h"

#include "spool/reader/reader.h"
#include "spool/segment/zstd_frames.h"

#define FLAG_ZST   1
#define FLAG_LATER 2
#define LATER                                                                                      \
    "{\"netty_journal\":1,\"table\":\"contacts\",\"segment\":2,"                                   \
    "\"created\":\"2024-05-13T10:22:33.123456Z\",\"previous\":{\"segment\":1,\"pages\":2},"        \
    "\"position\":null}\n"
#define CALLS_MAX 100000

static struct spool *spool;

static void fuzz_setup(void)
{
    spool = fuzz_spool();
}

static void drop(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", fuzz_dir, name);
    DEMAND(unlink(path) == 0 || errno == ENOENT);
}

static void put_lines(const char *name, const char *text, size_t n)
{
    struct buf lines;
    buf_init(&lines, SIZE_MAX);
    fuzz_add_sums(&lines, text, n);
    fuzz_write(name, lines.data, lines.len);
    buf_free(&lines);
}

static uint64_t take_page(struct reader *r)
{
    struct err e = ERR_INIT;
    const char *line;
    uint64_t records = 0;
    size_t n;
    for (;;) {
        DEMAND(reader_line(r, &line, &n, &e) == OK);
        if (!line)
            return records;
        DEMAND(!memchr(line, '\n', n) && line[n] == '\n');
        records++;
    }
}

static void read_segment(void)
{
    struct err e = ERR_INIT;
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    DEMAND(reader_open(&r, spool, FUZZ_TABLE, &e) == OK);
    for (int calls = 0;; calls++) {
        DEMAND(calls < CALLS_MAX);
        enum err_code rc = reader_next(r, &info, &what, &e);
        DEMAND(rc == OK || rc == ERR_CONFIG);
        if (rc != OK || what == READER_END)
            break;
        if (what == READER_PAGE)
            DEMAND(take_page(r) == info->records);
        else
            DEMAND(e.msg[0]);
    }
    reader_close(r);
}

static void read_frames(int fd, uint64_t total)
{
    static char piece[65536];
    struct err e = ERR_INIT;
    struct zstd_frames *f;
    uint64_t at = 0;
    if (zstd_frames_open(&f, fd, "a file", total, &e) != OK)
        return;
    for (int frames = 0; frames < 1000 && zstd_frames_seek(f, at, &e) == OK; frames++) {
        size_t got = 0;
        uint64_t before = at;
        do {
            if (zstd_frames_read(f, piece, sizeof piece, &got, &e) != OK)
                break;
            at += got;
        } while (got == sizeof piece && at < (8u << 20));
        if (at == before)
            break;
    }
    (void)zstd_frames_complaint(f);
    zstd_frames_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char zst[] = "spool/" FUZZ_TABLE "/0000000001.ndjson.zst";
    static const char plain[] = "spool/" FUZZ_TABLE "/0000000001.ndjson";
    static const char later[] = "spool/" FUZZ_TABLE "/0000000002.journal";
    char path[128];
    if (size == 0)
        return 0;
    uint8_t flags = *data++;
    size--;
    const uint8_t *gap = memmem(data, size, "\n\n", 2);
    size_t lines = gap ? (size_t)(gap - data) : size;
    const uint8_t *records = gap ? gap + 2 : data + size;
    size_t n = (size_t)(data + size - records);
    bool packed = flags & FLAG_ZST;
    drop(packed ? plain : zst);
    drop(later);
    put_lines("spool/" FUZZ_TABLE "/0000000001.journal", (const char *)data, lines);
    fuzz_write(packed ? zst : plain, records, n);
    if (flags & FLAG_LATER)
        put_lines(later, LATER, strlen(LATER));
    read_segment();
    if (packed) {
        (void)snprintf(path, sizeof path, "%s/%s", fuzz_dir, zst);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        DEMAND(fd >= 0);
        read_frames(fd, UINT64_MAX);
        read_frames(fd, flags);
        DEMAND(close(fd) == 0);
    }
    return 0;
}
