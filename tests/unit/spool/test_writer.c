#include "tests/unit/spool/helper.h"

#include <malloc.h>

static void a_page_comes_back_as_it_was(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 1, 100);
    assert_int_equal(f.done, 1);
    assert_int_equal(f.info.place.segment, 1);
    assert_int_equal(f.info.place.page, 1);
    assert_int_equal(f.info.records, 100);
    assert_int_equal(f.info.first_line, 1);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 1);
    assert_int_equal(b.records, 100);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    assert_string_equal(b.position, "{\"next\":100}");
    fixture_close(&f);
}

static void position_survives_reopening(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    assert_null(writer_position(f.writer));
    stop_writing(&f);
    write_pages(&f, 0, 3, 10);
    start_writing(&f);
    assert_string_equal(writer_position(f.writer), "{\"next\":30}");
    put_page(&f, 30, 10);
    run(&f);
    assert_int_equal(f.info.place.segment, 1);
    assert_int_equal(f.info.place.page, 4);
    assert_int_equal(f.info.first_line, 31);
    assert_string_equal(writer_position(f.writer), "{\"next\":40}");
    stop_writing(&f);
    fixture_close(&f);
}

static void pages_share_commits_and_keep_their_order(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    for (int i = 0; i < 200; i++)
        put_page(&f, i * 5, 5);
    assert_int_equal(writer_pending(f.writer), 200);
    run(&f);
    assert_int_equal(writer_pending(f.writer), 0);
    assert_int_equal(f.done, 200);
    assert_int_equal(f.info.place.page, 200);
    stop_writing(&f);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 200);
    assert_int_equal(b.records, 1000);
    assert_true(b.in_order);
    fixture_close(&f);
}

static void an_empty_page_moves_the_position_only(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 1, 0);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 1);
    assert_int_equal(b.records, 0);
    assert_string_equal(b.position, "{\"next\":0}");
    fixture_close(&f);
}

static void nothing_of_an_aborted_page_stays(void **state)
{
    struct fixture f;
    struct read_back b;
    char big[70000];
    struct stat st;
    char path[256];
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    put_page(&f, 0, 10);
    run(&f);
    table_path(&f, path, 1, SEGMENT_DATA);
    assert_int_equal(stat(path, &st), 0);
    off_t before = st.st_size;
    memset(big, 'x', sizeof big);
    assert_ok(writer_begin(f.writer, e));
    for (int i = 0; i < 20; i++)
        assert_ok(writer_append(f.writer, big, sizeof big, e));
    assert_ok(writer_abort(f.writer, e));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, before);
    put_page(&f, 10, 10);
    run(&f);
    stop_writing(&f);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 2);
    assert_int_equal(b.records, 20);
    assert_int_equal(b.damaged, 0);
    fixture_close(&f);
}

static void what_no_line_vouches_for_is_cut_off(void **state)
{
    struct fixture f;
    struct read_back b;
    struct stat st;
    char path[256];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 2, 10);
    table_path(&f, path, 1, SEGMENT_DATA);
    assert_int_equal(stat(path, &st), 0);
    off_t before = st.st_size;
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_ok(io_write(fd, "{\"half", 6, path, e));
    assert_int_equal(close(fd), 0);
    start_writing(&f);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, before);
    put_page(&f, 20, 10);
    stop_writing(&f);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 3);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    fixture_close(&f);
}

static void a_torn_journal_is_followed_by_a_new_segment(void **state)
{
    struct fixture f;
    struct read_back b;
    char path[256];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 3, 10);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 5), 0);
    start_writing(&f);
    assert_string_equal(writer_position(f.writer), "{\"next\":20}");
    put_page(&f, 20, 10);
    run(&f);
    assert_int_equal(f.info.place.segment, 2);
    assert_int_equal(f.info.place.page, 1);
    stop_writing(&f);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 3);
    assert_int_equal(b.records, 30);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    /* Who has had the torn page misses nothing either. */
    read_all(&f, (struct page_place){1, 3}, &b);
    assert_int_equal(b.pages, 1);
    assert_int_equal(b.damaged, 0);
    fixture_close(&f);
}

static void a_full_segment_is_sealed_and_compressed(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    f.conf.segment_size = 20000;
    write_pages(&f, 0, 50, 20);
    assert_true(f.info.place.segment > 2);
    for (uint64_t s = 1; s < f.info.place.segment; s++) {
        assert_true(exists(&f, s, SEGMENT_ZST));
        assert_false(exists(&f, s, SEGMENT_DATA));
    }
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 50);
    assert_int_equal(b.records, 1000);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    read_all(&f, (struct page_place){1, 3}, &b);
    assert_int_equal(b.pages, 47);
    assert_int_equal(b.first, 60);
    fixture_close(&f);
}

static void segments_turn_over_while_commits_are_pending(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    f.conf.segment_size = 1;
    start_writing(&f);
    for (int i = 0; i < 20; i++)
        put_page(&f, i * 5, 5);
    run(&f);
    stop_writing(&f);
    assert_int_equal(f.failed, 0);
    assert_int_equal(f.info.place.segment, 20);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 20);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    fixture_close(&f);
}

static void an_old_segment_is_sealed(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    f.conf.segment_age = 1;
    write_pages(&f, 0, 2, 5);
    assert_int_equal(f.info.place.segment, 2);
    assert_true(exists(&f, 1, SEGMENT_ZST));
    fixture_close(&f);
}

/* A page of five long lines, read twice. */
static void expect_five(struct reader *r, char *big, size_t n)
{
    const struct page_info *info;
    enum reader_what what;
    assert_ok(reader_next(r, &info, &what, e));
    assert_int_equal(what, READER_PAGE);
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 5; i++) {
            const char *line;
            size_t len;
            assert_ok(reader_line(r, &line, &len, e));
            assert_int_equal(len, n);
            memset(big, 'a' + i, n);
            assert_memory_equal(line, big, n);
        }
        assert_ok(reader_rewind(r, e));
    }
}

static void a_large_page_and_large_records(void **state)
{
    struct fixture f;
    struct reader *r;
    struct page_info given = {.fetched = 1, .complete_to = WHEN_NONE};
    const size_t n = 700000;
    char *big = malloc(n);
    (void)state;
    assert_non_null(big);
    fixture_open(&f);
    f.conf.segment_size = 1;
    start_writing(&f);
    assert_ok(writer_begin(f.writer, e));
    for (int i = 0; i < 5; i++) {
        memset(big, 'a' + i, n);
        assert_ok(writer_append(f.writer, big, n, e));
    }
    assert_ok(writer_end(f.writer, &given, "{}", on_done, &f, e));
    for (int round = 0; round < 2; round++) {
        assert_ok(reader_open(&r, f.spool, TABLE, e));
        if (round == 1) { /* sealed by the page after it */
            put_page(&f, 0, 1);
            stop_writing(&f);
            assert_true(exists(&f, 1, SEGMENT_ZST));
        } else {
            run(&f);
        }
        expect_five(r, big, n);
        reader_close(r);
    }
    free(big);
    fixture_close(&f);
}

static void nonsense_is_refused(void **state)
{
    struct fixture f;
    struct err err = ERR_INIT;
    struct page_info info = {.fetched = 1, .complete_to = WHEN_NONE};
    static const char *const positions[] = {"", "[]", "{", "{}\n", "null", "{} {}"};
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    assert_int_equal(writer_append(f.writer, "{}", 2, &err), ERR_INTERNAL);
    assert_ok(writer_begin(f.writer, e));
    assert_int_equal(writer_begin(f.writer, &err), ERR_INTERNAL);
    assert_int_equal(writer_append(f.writer, "{\n}", 3, &err), ERR_INTERNAL);
    for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
        assert_ok(writer_begin(f.writer, e));
        assert_int_equal(writer_end(f.writer, &info, positions[i], on_done, &f, &err),
                         ERR_INTERNAL);
    }
    stop_writing(&f);
    assert_int_equal(f.done, 0);
    fixture_close(&f);
}

static void one_writer_a_table(void **state)
{
    struct fixture f;
    struct writer *second;
    struct err err = ERR_INIT;
    char pid[32];
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    assert_int_equal(writer_open(&second, &f.loop, f.spool, TABLE, &f.conf, &err), ERR_BUSY);
    (void)snprintf(pid, sizeof pid, "(%ld)", (long)getpid());
    assert_non_null(strstr(err.msg, pid));
    stop_writing(&f);
    start_writing(&f);
    stop_writing(&f);
    fixture_close(&f);
}

/* While the disk stands still a page costs its journal line, and little more. (Sanitized programs do
 * not count with glibc's malloc: it then tells nothing.) */
static void pages_that_wait_are_held_once(void **state)
{
    enum {
        PAGES = 32,
        POSITION = 2000,
        LINE = POSITION + 400,
        BESIDE = 400,
        COMMIT = 16 << 10
    };
    struct fixture f;
    char position[POSITION + 1];
    struct page_info info = {.fetched = 1, .complete_to = WHEN_NONE};
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    put_page(&f, 0, 1);
    run(&f);
    (void)snprintf(position, sizeof position, "{\"at\":\"%0*d\"}", POSITION - 9, 0);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < PAGES; i++) {
        assert_ok(writer_begin(f.writer, e));
        assert_ok(writer_end(f.writer, &info, position, on_done, &f, e));
    }
    size_t after = mallinfo2().uordblks;
    assert_true(after < before + PAGES * (LINE + BESIDE) + COMMIT);
    run(&f);
    assert_int_equal(f.done, 1 + PAGES);
    assert_int_equal(f.failed, 0);
    assert_string_equal(writer_position(f.writer), position);
    stop_writing(&f);
    fixture_close(&f);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_comes_back_as_it_was),
        cmocka_unit_test(position_survives_reopening),
        cmocka_unit_test(pages_share_commits_and_keep_their_order),
        cmocka_unit_test(an_empty_page_moves_the_position_only),
        cmocka_unit_test(nothing_of_an_aborted_page_stays),
        cmocka_unit_test(what_no_line_vouches_for_is_cut_off),
        cmocka_unit_test(a_torn_journal_is_followed_by_a_new_segment),
        cmocka_unit_test(a_full_segment_is_sealed_and_compressed),
        cmocka_unit_test(segments_turn_over_while_commits_are_pending),
        cmocka_unit_test(an_old_segment_is_sealed),
        cmocka_unit_test(a_large_page_and_large_records),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(one_writer_a_table),
        cmocka_unit_test(pages_that_wait_are_held_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
