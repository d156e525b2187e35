#include "tests/unit/spool/helper.h"

#include "spool/segment/zstd_frames.h"

/* Some in pieces, some in one step: the first, the one that is too large, and more than fits before something is written. */
static const size_t sizes[] = {1, 5000, 700000, 3, ZSTD_FRAMES_WHOLE, 200000, 150000, 1, 260000};
#define COUNT (sizeof sizes / sizeof sizes[0])

struct file {
    char path[64];
    int fd;
    uint64_t total;
    char *text;
};

static void make_text(struct file *f)
{
    f->total = 0;
    for (size_t i = 0; i < COUNT; i++)
        f->total += sizes[i];
    f->text = malloc(f->total);
    assert_non_null(f->text);
    uint32_t x = 1;
    for (size_t i = 0; i < f->total; i++)
        f->text[i] =
            (char)((x = x * 1664525 + 1013904223) >> 29); /* compresses, but not to nothing */
}

static void make_file(struct file *f)
{
    struct zstd_frames_out *w;
    size_t at = 0;
    const char *tmp = getenv("TMPDIR");
    make_text(f);
    (void)snprintf(f->path, sizeof f->path, "%s/netty-frames-XXXXXX", tmp ? tmp : "/tmp");
    f->fd = mkostemp(f->path, O_CLOEXEC);
    assert_true(f->fd >= 0);
    assert_ok(zstd_frames_create(&w, f->fd, f->path, e));
    for (size_t i = 0; i < COUNT; at += sizes[i++]) {
        if (i > 0 && sizes[i] <= ZSTD_FRAMES_WHOLE) {
            assert_ok(zstd_frames_whole(w, f->text + at, sizes[i], e));
            continue;
        }
        assert_ok(zstd_frames_begin(w, sizes[i], e));
        for (size_t done = 0; done < sizes[i];) {
            size_t n = sizes[i] - done < 100000 ? sizes[i] - done : 100000;
            assert_ok(zstd_frames_add(w, f->text + at + done, n, e));
            done += n;
        }
        assert_ok(zstd_frames_end(w, e));
    }
    assert_ok(zstd_frames_finish(w, e));
    zstd_frames_free(w);
}

static void drop_file(struct file *f)
{
    free(f->text);
    assert_int_equal(close(f->fd), 0);
    assert_int_equal(unlink(f->path), 0);
}

static void expect_frame(struct zstd_frames *r, const struct file *f, size_t k)
{
    char piece[3000];
    uint64_t at = 0;
    size_t got = 1;
    size_t sum = 0;
    for (size_t i = 0; i < k; i++)
        at += sizes[i];
    assert_ok(zstd_frames_seek(r, at, e));
    while (got > 0) {
        assert_ok(zstd_frames_read(r, piece, sizeof piece, &got, e));
        assert_true(sum + got <= sizes[k]);
        assert_memory_equal(piece, f->text + at + sum, got);
        sum += got;
    }
    assert_int_equal(sum, sizes[k]);
}

static void expect_all(const struct file *f, bool complaint)
{
    struct zstd_frames *r;
    struct err err = ERR_INIT;
    assert_ok(zstd_frames_open(&r, f->fd, f->path, f->total, e));
    assert_true((zstd_frames_complaint(r) != NULL) == complaint);
    for (size_t k = 0; k < COUNT; k++)
        expect_frame(r, f, k);
    for (size_t k = COUNT; k-- > 0;)
        expect_frame(r, f, k);
    assert_int_equal(zstd_frames_seek(r, 2, &err), ERR_DAMAGED);
    assert_int_equal(zstd_frames_seek(r, f->total, &err), ERR_DAMAGED);
    assert_int_equal(zstd_frames_seek(r, UINT64_MAX, &err), ERR_DAMAGED);
    zstd_frames_close(r);
}

static void frames_are_found_in_any_order(void **state)
{
    struct file f;
    (void)state;
    make_file(&f);
    expect_all(&f, false);
    drop_file(&f);
}

/* Each bit of the table in turn: noticed, and done without. */
static void a_damaged_table_is_done_without(void **state)
{
    struct file f;
    (void)state;
    make_file(&f);
    off_t end = lseek(f.fd, 0, SEEK_END);
    off_t table = end - (8 + 8 * (off_t)COUNT + 9);
    for (off_t at = table; at < end; at++) {
        for (int bit = 0; bit < 8; bit += 3) {
            char byte;
            assert_int_equal(pread(f.fd, &byte, 1, at), 1);
            byte = (char)(byte ^ 1 << bit);
            assert_int_equal(pwrite(f.fd, &byte, 1, at), 1);
            expect_all(&f, true);
            byte = (char)(byte ^ 1 << bit);
            assert_int_equal(pwrite(f.fd, &byte, 1, at), 1);
        }
    }
    assert_int_equal(ftruncate(f.fd, table), 0);
    expect_all(&f, true);
    drop_file(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_found_in_any_order),
        cmocka_unit_test(a_damaged_table_is_done_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
