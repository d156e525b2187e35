/* Pages that say nothing new: the position moves beside the journal, and is what the next writer goes on from. */
#include "tests/unit/spool/helper.h"

#include "spool/journal/moved.h"

static void file_of(const struct fixture *f, char out[256])
{
    (void)snprintf(out, 256, "%s/" TABLE "/" MOVED_FILE, f->dir);
}

static struct moved read_moved(const struct fixture *f)
{
    char dir[256];
    struct moved m;
    (void)snprintf(dir, sizeof dir, "%s/" TABLE, f->dir);
    assert_ok(moved_read(dir, &m, e));
    return m;
}

static off_t size_of(const struct fixture *f, enum segment_file kind)
{
    char path[256];
    struct stat st;
    table_path(f, path, 1, kind);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* n records of so many bytes each, all of this letter. */
static void put(struct fixture *f, char letter, int n, size_t bytes, const char *position)
{
    char *line = malloc(bytes + 16);
    assert_non_null(line);
    memset(line, letter, bytes);
    struct page_info info = {.fetched = when_now(),
                             .complete_to = 1000 * (int64_t)strlen(position)};
    assert_ok(writer_begin(f->writer, e));
    for (int i = 0; i < n; i++)
        assert_ok(writer_append(f->writer, line, bytes, e));
    assert_ok(writer_end_or_move(f->writer, &info, position, on_done, f, e));
    free(line);
    run(f);
    assert_int_equal(f->rc, OK);
}

static void begin(struct fixture *f)
{
    fixture_open(f);
    start_writing(f);
    put(f, 'a', 3, 100, "{\"next\":1,\"at\":1}");
    assert_int_equal(f->info.place.page, 1);
}

static void end(struct fixture *f)
{
    stop_writing(f);
    fixture_close(f);
}

static void assert_next_goes_on_from(struct fixture *f, const char *position)
{
    stop_writing(f);
    start_writing(f);
    assert_string_equal(writer_position(f->writer), position);
}

static void the_same_page_again_moves_the_position_alone(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    off_t journal = size_of(&f, SEGMENT_JOURNAL);
    put(&f, 'a', 3, 100, "{\"next\":1,\"at\":2}");
    put(&f, 'a', 3, 100, "{\"next\":1,\"at\":3}");
    assert_int_equal(f.done, 3);
    assert_int_equal(f.info.place.page, 1);
    assert_int_equal(f.info.records, 3);
    assert_int_equal(f.info.complete_to, 17000);
    assert_int_equal(size_of(&f, SEGMENT_JOURNAL), journal);
    assert_int_equal(size_of(&f, SEGMENT_DATA), 303);
    assert_string_equal(writer_position(f.writer), "{\"next\":1,\"at\":3}");
    assert_string_equal(read_moved(&f).changes, "{\"at\":3}");
    assert_next_goes_on_from(&f, "{\"next\":1,\"at\":3}");
    put(&f, 'a', 3, 100, "{\"next\":2,\"at\":3}");
    assert_next_goes_on_from(&f, "{\"next\":2,\"at\":3}");
    assert_int_equal(size_of(&f, SEGMENT_JOURNAL), journal);
    end(&f);
}

static void another_page_is_written_and_its_position_leads_on(void **state)
{
    static const struct {
        char letter;
        int n;
        size_t bytes;
    } others[] = {{'b', 3, 100}, {'a', 2, 100}, {'a', 4, 100}, {'a', 3, 101}, {'a', 1, 302}};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct fixture f;
        begin(&f);
        put(&f, 'a', 3, 100, "{\"next\":1,\"at\":2}");
        put(&f, others[i].letter, others[i].n, others[i].bytes, "{\"next\":7,\"at\":7}");
        assert_int_equal(f.info.place.page, 2);
        assert_next_goes_on_from(&f, "{\"next\":7,\"at\":7}");
        put(&f, 'a', 3, 100, "{\"next\":8,\"at\":7}");
        assert_int_equal(f.info.place.page, 3);
        end(&f);
    }
}

static void a_page_without_a_record_moves_the_position_once_there_is_a_page(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    put(&f, 'a', 0, 0, "{\"at\":1}");
    assert_int_equal(f.info.place.page, 1);
    put(&f, 'a', 0, 0, "{\"at\":2}");
    assert_int_equal(f.info.place.page, 1);
    put(&f, 'a', 1, 10, "{\"at\":3}");
    assert_int_equal(f.info.place.page, 2);
    put(&f, 'a', 0, 0, "{\"at\":4}");
    put(&f, 'a', 1, 10, "{\"at\":5}");
    assert_int_equal(f.info.place.page, 2);
    assert_next_goes_on_from(&f, "{\"at\":5}");
    end(&f);
}

/* It is in the file before it is compared, and no longer afterwards. */
static void a_page_larger_than_the_buffer_is_compared_too(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    put(&f, 'a', 40, 20000, "{\"at\":1}");
    off_t bytes = size_of(&f, SEGMENT_DATA);
    put(&f, 'a', 40, 20000, "{\"at\":2}");
    assert_int_equal(f.info.place.page, 1);
    assert_int_equal(size_of(&f, SEGMENT_DATA), bytes);
    put(&f, 'b', 40, 20000, "{\"at\":3}");
    assert_int_equal(f.info.place.page, 2);
    assert_int_equal(size_of(&f, SEGMENT_DATA), 2 * bytes);
    end(&f);
}

/* A position that has other members than the page's, or a long way to go, takes a page. */
static void what_cannot_be_said_in_short_is_written_as_a_page(void **state)
{
    struct fixture f;
    char far[MOVED_CHANGES_MAX + 64];
    (void)state;
    begin(&f);
    put(&f, 'a', 3, 100, "{\"next\":1}");
    assert_int_equal(f.info.place.page, 2);
    memset(far, '1', sizeof far);
    (void)snprintf(far, 16, "{\"next\":\"%s", "");
    far[9] = '1';
    memcpy(far + sizeof far - 3, "\"}", 3);
    put(&f, 'a', 3, 100, far);
    assert_int_equal(f.info.place.page, 3);
    assert_next_goes_on_from(&f, far);
    end(&f);
}

static void pages_that_wait_for_the_disk_are_not_compared_with(void **state)
{
    struct fixture f;
    struct page_info info = {.fetched = 1, .complete_to = WHEN_NONE};
    (void)state;
    begin(&f);
    for (int i = 0; i < 3; i++) {
        assert_ok(writer_begin(f.writer, e));
        assert_ok(writer_append(f.writer, "xyz", 3, e));
        assert_ok(writer_end_or_move(f.writer, &info, "{\"next\":9,\"at\":9}", on_done, &f, e));
    }
    run(&f);
    assert_int_equal(f.failed, 0);
    assert_int_equal(f.done, 4);
    assert_int_equal(f.info.place.page, 4);
    end(&f);
}

static void a_word_that_is_damaged_or_of_another_page_is_none(void **state)
{
    static const char other[] =
        "{\"netty_moved\":1,\"chain\":\"0123456789abcdef\",\"fetched\":\"2024-05-13T10:22:33."
        "000000Z\","
        "\"complete_to\":null,\"position\":{\"at\":5},\"sum\":\"0000000000000000\"}\n";
    struct fixture f;
    char path[256];
    (void)state;
    begin(&f);
    put(&f, 'a', 3, 100, "{\"next\":1,\"at\":2}");
    file_of(&f, path);
    write_file(path, other, sizeof other - 1);
    assert_true(read_moved(&f).damaged);
    assert_next_goes_on_from(&f, "{\"next\":1,\"at\":1}");
    put(&f, 'a', 3, 100, "{\"next\":1,\"at\":3}");
    assert_false(read_moved(&f).damaged);
    struct moved m = read_moved(&f);
    assert_true(moved_is_of(&m, &(struct page_info){.chain = m.chain}));
    assert_false(moved_is_of(&m, &(struct page_info){.chain = m.chain + 1}));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(read_moved(&f).n, 0);
    assert_next_goes_on_from(&f, "{\"next\":1,\"at\":1}");
    end(&f);
}

static void a_newer_format_is_refused(void **state)
{
    static const char newer[] = "{\"netty_moved\":2";
    struct fixture f;
    struct buf line;
    char path[256];
    char dir[256];
    int fd = -1;
    struct moved m;
    struct err err = ERR_INIT;
    (void)state;
    begin(&f);
    file_of(&f, path);
    (void)snprintf(dir, sizeof dir, "%s/" TABLE, f.dir);
    buf_init(&line, HINT_FILE_MAX);
    assert_int_equal(buf_adds(&line, newer), OK);
    assert_ok(hint_file_write(&fd, dir, MOVED_FILE, &line, e));
    hint_file_close(&fd);
    buf_free(&line);
    assert_int_equal(moved_read(dir, &m, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, MOVED_FILE));
    end(&f);
}

/* As where the disk lost the page's line: the position before it counts, and nothing that was said behind it. */
static void without_its_page_the_word_is_none(void **state)
{
    struct fixture f;
    char path[256];
    struct stat st;
    (void)state;
    begin(&f);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    assert_int_equal(stat(path, &st), 0);
    put(&f, 'b', 3, 100, "{\"next\":2,\"at\":2}");
    put(&f, 'b', 3, 100, "{\"next\":2,\"at\":3}");
    stop_writing(&f);
    assert_int_equal(truncate(path, st.st_size), 0);
    start_writing(&f);
    assert_string_equal(writer_position(f.writer), "{\"next\":1,\"at\":1}");
    end(&f);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_page_again_moves_the_position_alone),
        cmocka_unit_test(another_page_is_written_and_its_position_leads_on),
        cmocka_unit_test(a_page_without_a_record_moves_the_position_once_there_is_a_page),
        cmocka_unit_test(a_page_larger_than_the_buffer_is_compared_too),
        cmocka_unit_test(what_cannot_be_said_in_short_is_written_as_a_page),
        cmocka_unit_test(pages_that_wait_for_the_disk_are_not_compared_with),
        cmocka_unit_test(a_word_that_is_damaged_or_of_another_page_is_none),
        cmocka_unit_test(a_newer_format_is_refused),
        cmocka_unit_test(without_its_page_the_word_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
