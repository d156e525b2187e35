/* What was acknowledged, noted without a sync; and what the writer and its readers make of lines that
 * were not: a sync that failed leaves lines which can be read and may be in no disk's possession. */
#include "tests/unit/spool/helper.h"

#include "spool/journal/acked.h"
#include "spool/journal/journal.h"

static const struct page_place start = {0, 0};

static void path_of(const struct fixture *f, char out[256])
{
    (void)snprintf(out, 256, "%s/" TABLE "/" ACKED_FILE, f->dir);
}

static void table_of(const struct fixture *f, char out[256])
{
    (void)snprintf(out, 256, "%s/" TABLE, f->dir);
}

static struct acked read_word(const struct fixture *f, enum acked_state expected)
{
    char dir[256];
    struct acked a;
    enum acked_state state;
    table_of(f, dir);
    assert_ok(acked_read(dir, &a, &state, e));
    assert_int_equal(state, expected);
    return a;
}

static void note_word(const struct fixture *f, uint64_t segment, uint64_t page, bool open)
{
    char dir[256];
    int fd = -1;
    struct acked a = {.place = {segment, page}, .open = open};
    table_of(f, dir);
    assert_ok(acked_write(&fd, dir, &a, e));
    acked_close(&fd);
}

static ino_t inode_of(const struct fixture *f, uint64_t segment)
{
    char path[256];
    struct stat st;
    table_path(f, path, segment, SEGMENT_JOURNAL);
    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

static void the_word_comes_back(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 12, 3);
    struct acked a = read_word(&f, ACKED_KNOWN);
    assert_int_equal(page_compare(a.place, (struct page_place){1, 12}), 0);
    assert_true(a.open);
    /* A shorter line over a longer one. */
    note_word(&f, 2, 1, false);
    a = read_word(&f, ACKED_KNOWN);
    assert_int_equal(page_compare(a.place, (struct page_place){2, 1}), 0);
    assert_false(a.open);
    fixture_close(&f);
}

static void damage_is_no_word(void **state)
{
    struct fixture f;
    struct buf text;
    struct acked a;
    enum acked_state found;
    struct err err = ERR_INIT;
    char path[256];
    char dir[256];
    static const char newer[] = "{\"netty_acked\":2,\"sum\":\"ac229a8027d93a7b\"}\n";
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 2, 3);
    path_of(&f, path);
    read_file(path, &text);
    for (size_t i = 0; i < text.len; i++) {
        text.data[i] ^= 1;
        write_file(path, text.data, text.len);
        (void)read_word(&f, ACKED_DAMAGED);
        text.data[i] ^= 1;
        write_file(path, text.data, i);
        (void)read_word(&f, i ? ACKED_DAMAGED : ACKED_NONE);
    }
    buf_free(&text);
    table_of(&f, dir);
    write_file(path, newer, sizeof newer - 1);
    enum err_code rc = acked_read(dir, &a, &found, &err);
    assert_int_equal(rc, ERR_CONFIG);
    assert_int_equal(unlink(path), 0);
    (void)read_word(&f, ACKED_NONE);
    fixture_close(&f);
}

/* As after a run that was killed when the sync of page 3's line had failed: the line can be read. */
static void a_line_that_was_not_acknowledged_is_written_anew_before_it_counts(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 3, 4);
    note_word(&f, 1, 2, true);
    read_all(&f, start, &b); /* as the loader reads */
    assert_int_equal(b.pages, 2);
    assert_int_equal(b.damaged, 0);
    ino_t before = inode_of(&f, 1);
    start_writing(&f);
    assert_string_equal(writer_position(f.writer), "{\"next\":12}");
    assert_true(inode_of(&f, 1) != before);
    struct acked a = read_word(&f, ACKED_KNOWN);
    assert_int_equal(page_compare(a.place, (struct page_place){1, 3}), 0);
    assert_false(a.open);
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 3);
    put_page(&f, 12, 4);
    run(&f);
    assert_int_equal(f.info.place.segment, 2); /* place 1/4 may have meant something to somebody */
    stop_writing(&f);
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 4);
    assert_int_equal(b.damaged, 0);
    assert_true(b.in_order);
    fixture_close(&f);
}

static void a_reader_at_such_a_line_goes_on_when_it_counts(void **state)
{
    struct fixture f;
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 2, 4);
    note_word(&f, 1, 1, true);
    assert_ok(reader_open(&r, f.spool, TABLE, e));
    assert_ok(reader_next(r, &info, &what, e));
    assert_int_equal(what, READER_PAGE);
    for (int i = 0; i < 3; i++) {
        assert_ok(reader_next(r, &info, &what, e));
        assert_int_equal(what, READER_END);
    }
    write_pages(&f, 8, 1, 4);
    for (uint64_t i = 0; i < 2; i++) {
        assert_ok(reader_next(r, &info, &what, e));
        assert_int_equal(what, READER_PAGE);
        assert_int_equal(page_compare(info->place, (struct page_place){1 + i, 2 - i}), 0);
    }
    reader_close(r);
    fixture_close(&f);
}

/* Without a word (the machine stopped) nobody knows; readers do as they always did. */
static void without_a_word_a_new_segment_follows(void **state)
{
    struct fixture f;
    struct read_back b;
    char path[256];
    (void)state;
    for (int damaged = 0; damaged < 2; damaged++) {
        fixture_open(&f);
        write_pages(&f, 0, 2, 4);
        path_of(&f, path);
        if (damaged)
            write_file(path, "{\"netty", 7);
        else
            assert_int_equal(unlink(path), 0);
        read_all(&f, start, &b);
        assert_int_equal(b.pages, 2);
        write_pages(&f, 8, 1, 4);
        assert_int_equal(f.info.place.segment, 2);
        read_all(&f, start, &b);
        assert_int_equal(b.pages, 3);
        assert_int_equal(b.damaged, 0);
        fixture_close(&f);
    }
}

static void a_segment_that_was_given_up_is_not_gone_on_with(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 2, 4);
    note_word(&f, 1, 2, false);
    write_pages(&f, 8, 1, 4);
    assert_int_equal(f.info.place.segment, 2);
    write_pages(&f, 12, 1, 4); /* a healthy one is */
    assert_int_equal(f.info.place.segment, 2);
    fixture_close(&f);
}

/* Intact lines cut off the newest journal: only this word can tell. */
static void lost_lines_are_missed(void **state)
{
    struct fixture f;
    struct read_back b;
    struct buf journal;
    char path[256];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 3, 4);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    read_file(path, &journal);
    char *line = memmem(journal.data, journal.len, "{\"page\":2", 9);
    write_file(path, journal.data, (size_t)(line - journal.data));
    buf_free(&journal);
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 1);
    assert_int_equal(b.damaged, 1);
    assert_non_null(strstr(b.err.msg, "pages 2 to 3 are missing"));
    read_all(&f, (struct page_place){1, 3}, &b); /* told once */
    assert_int_equal(b.damaged, 0);
    start_writing(&f);
    assert_string_equal(writer_position(f.writer), "{\"next\":4}");
    put_page(&f, 4, 8);
    stop_writing(&f);
    assert_int_equal(f.info.place.segment, 2);
    read_all(&f, start, &b);
    assert_int_equal(b.records, 12);
    assert_int_equal(b.damaged, 0);
    fixture_close(&f);
}

/* Nor is the number of a segment that is gone, with its files, given to another. */
static void numbers_are_not_given_again(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    fixture_open(&f);
    f.conf.segment_size = 1;
    write_pages(&f, 0, 3, 4);
    assert_int_equal(f.info.place.segment, 3);
    table_path(&f, path, 3, SEGMENT_JOURNAL);
    assert_int_equal(unlink(path), 0);
    table_path(&f, path, 3, SEGMENT_DATA);
    assert_int_equal(unlink(path), 0);
    struct read_back b;
    read_all(&f, start, &b);
    assert_int_equal(b.records, 8);
    assert_int_equal(b.damaged, 1);
    assert_non_null(strstr(b.err.msg, "segments 3 to 3 are missing"));
    start_writing(&f);
    assert_string_equal(writer_position(f.writer), "{\"next\":8}");
    put_page(&f, 8, 4);
    stop_writing(&f);
    assert_int_equal(f.info.place.segment, 4);
    read_all(&f, start, &b);
    assert_int_equal(b.records, 12);
    assert_int_equal(b.damaged, 0);
    fixture_close(&f);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_word_comes_back),
        cmocka_unit_test(damage_is_no_word),
        cmocka_unit_test(a_line_that_was_not_acknowledged_is_written_anew_before_it_counts),
        cmocka_unit_test(a_reader_at_such_a_line_goes_on_when_it_counts),
        cmocka_unit_test(without_a_word_a_new_segment_follows),
        cmocka_unit_test(a_segment_that_was_given_up_is_not_gone_on_with),
        cmocka_unit_test(lost_lines_are_missed),
        cmocka_unit_test(numbers_are_not_given_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
