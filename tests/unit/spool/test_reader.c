/* Damage of every kind: the reader says what is damaged, gives all the rest, and never anything
 * else. */
#include "tests/unit/spool/helper.h"

#include "spool/journal/acked.h"

#include "spool/format/checksum_line.h"

#define PAGES 6
#define PER   4

static const struct page_place start = {0, 0};

/* Two segments: one sealed, one open; 2 x 6 pages of 4 records. */
static void make_two(struct fixture *f, bool sealed)
{
    fixture_open(f);
    write_pages(f, 0, PAGES, PER);
    if (sealed)
        f->conf.segment_size = 1;
    else
        f->conf.segment_size = 64 << 20;
    if (sealed)
        write_pages(f, PAGES * PER, 1, PER);
}

static void flip(struct fixture *f, const char *path, int lost_max, bool must_tell)
{
    struct buf whole;
    struct read_back b;
    read_all(f, start, &b);
    int pages = b.pages;
    assert_int_equal(b.damaged, 0);
    read_file(path, &whole);
    for (size_t i = 0; i < whole.len; i++) {
        int bit = (int)(i % 8); /* one a byte: each costs a sync */
        char was = whole.data[i];
        whole.data[i] = (char)(was ^ 1 << bit);
        write_file(path, whole.data, whole.len);
        read_all(f, start, &b);
        if (b.pages < pages - lost_max || (b.pages < pages && b.damaged == 0) ||
            (must_tell && b.damaged == 0) || !b.in_order)
            fail_msg("%s: byte %zu bit %d: %d pages, damage told %d times (%s)", path, i, bit,
                     b.pages, b.damaged, b.err.msg);
        whole.data[i] = was;
    }
    write_file(path, whole.data, whole.len);
    buf_free(&whole);
}

static void cut(struct fixture *f, const char *path, bool must_tell)
{
    struct buf whole;
    struct read_back b;
    read_all(f, start, &b);
    int pages = b.pages;
    int last = -1;
    read_file(path, &whole);
    for (size_t n = 0; n < whole.len; n++) {
        write_file(path, whole.data, n);
        read_all(f, start, &b);
        if (b.pages < last || (must_tell && b.pages < pages && b.damaged == 0) || !b.in_order)
            fail_msg("%s: cut at %zu: %d pages, damage told %d times", path, n, b.pages, b.damaged);
        last = b.pages;
    }
    write_file(path, whole.data, whole.len);
    buf_free(&whole);
}

static void flips_in_an_open_journal(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    make_two(&f, false);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    flip(&f, path, 1, true);
    fixture_close(&f);
}

static void flips_in_an_open_segment(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    make_two(&f, false);
    table_path(&f, path, 1, SEGMENT_DATA);
    flip(&f, path, 1, true);
    fixture_close(&f);
}

static void flips_in_a_sealed_journal(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    make_two(&f, true);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    flip(&f, path, 1, true);
    fixture_close(&f);
}

/* A few bits of a frame's header mean nothing, so not each flip must be told. */
static void flips_in_a_compressed_segment(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    make_two(&f, true);
    table_path(&f, path, 1, SEGMENT_ZST);
    flip(&f, path, 1, false);
    fixture_close(&f);
}

static void cuts_of_every_file(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    make_two(&f, false);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    cut(&f, path, false); /* of the newest nobody can say how long it was */
    table_path(&f, path, 1, SEGMENT_DATA);
    cut(&f, path, true);
    fixture_close(&f);
    make_two(&f, true);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    cut(&f, path, true);
    table_path(&f, path, 1, SEGMENT_ZST);
    cut(&f, path, true);
    fixture_close(&f);
}

/* After any cut of the open segment's files: what the writer goes on with loses nothing and repeats
 * no record that came before its position. */
static void the_writer_recovers_from_any_cut(void **state)
{
    static const enum segment_file files[] = {SEGMENT_JOURNAL, SEGMENT_DATA};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (size_t n = 0;; n++) {
            struct fixture f;
            struct buf whole;
            struct read_back b;
            char path[256];
            int next = 0;
            make_two(&f, false);
            table_path(&f, path, 1, files[k]);
            read_file(path, &whole);
            bool more = n < whole.len;
            write_file(path, whole.data, more ? n : whole.len);
            buf_free(&whole);
            start_writing(&f);
            const char *position = writer_position(f.writer);
            if (position)
                next = number_behind(position, "{\"next\":");
            for (int i = next; i < (PAGES + 1) * PER; i += PER)
                put_page(&f, i, PER);
            stop_writing(&f);
            assert_int_equal(f.failed, 0);
            read_all(&f, start, &b);
            if (files[k] == SEGMENT_JOURNAL && (b.records != (PAGES + 1) * PER || !b.in_order))
                fail_msg("journal cut at %zu: %d records", n, b.records);
            assert_true(b.damaged == 0 || files[k] == SEGMENT_DATA || n == 0);
            fixture_close(&f);
            if (!more)
                break;
            n += 6; /* every seventh byte is enough here: each costs a spool */
        }
    }
}

static void missing_files_are_named(void **state)
{
    static const enum segment_file files[] = {SEGMENT_JOURNAL, SEGMENT_ZST};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct fixture f;
        struct read_back b;
        char path[256];
        fixture_open(&f);
        f.conf.segment_size = 1;
        write_pages(&f, 0, 4, PER);
        table_path(&f, path, 2, files[k]);
        assert_int_equal(unlink(path), 0);
        read_all(&f, start, &b);
        assert_int_equal(b.pages, 3);
        assert_int_equal(b.damaged, 1);
        assert_non_null(strstr(b.err.msg, "0000000002"));
        fixture_close(&f);
    }
}

static void missing_segments_are_named_unless_pruned(void **state)
{
    struct fixture f;
    struct read_back b;
    char path[256];
    (void)state;
    fixture_open(&f);
    f.conf.segment_size = 1;
    write_pages(&f, 0, 5, PER);
    for (uint64_t s = 2; s <= 3; s++) {
        table_path(&f, path, s, SEGMENT_JOURNAL);
        assert_int_equal(unlink(path), 0);
        table_path(&f, path, s, SEGMENT_ZST);
        assert_int_equal(unlink(path), 0);
    }
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 3);
    assert_int_equal(b.damaged, 1);
    assert_non_null(strstr(b.err.msg, "segments 2 to 3"));
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    assert_int_equal(unlink(path), 0);
    table_path(&f, path, 1, SEGMENT_ZST);
    assert_int_equal(unlink(path), 0);
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 2);
    assert_int_equal(b.damaged, 0);
    /* Had been at the end of 3: nothing is missing. In the middle of it: something is. */
    read_all(&f, (struct page_place){3, 1}, &b);
    assert_int_equal(b.pages, 2);
    assert_int_equal(b.damaged, 0);
    read_all(&f, (struct page_place){3, 0}, &b);
    assert_int_equal(b.damaged, 1);
    fixture_close(&f);
}

static void a_page_without_records_has_none(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, 1, PER);
    write_pages(&f, PER, 1, 0);
    write_pages(&f, PER, 1, PER);
    read_all(&f, start, &b);
    assert_int_equal(b.pages, 3);
    assert_int_equal(b.records, 2 * PER);
    assert_true(b.in_order);
    fixture_close(&f);
}

static void damage_is_told_once(void **state)
{
    struct fixture f;
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    struct buf whole;
    struct err err = ERR_INIT;
    char path[256];
    (void)state;
    make_two(&f, false);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    read_file(path, &whole);
    whole.data[whole.len - 40] ^= 1; /* in the last line */
    write_file(path, whole.data, whole.len);
    buf_free(&whole);
    assert_ok(reader_open(&r, f.spool, TABLE, e));
    for (int i = 0; i < PAGES - 1; i++) {
        assert_ok(reader_next(r, &info, &what, e));
        assert_int_equal(what, READER_PAGE);
    }
    assert_int_equal(reader_next(r, &info, &what, &err), OK);
    assert_int_equal(what, READER_DAMAGED);
    struct page_place place = info->place;
    assert_int_equal(reader_next(r, &info, &what, &err), OK);
    assert_int_equal(what, READER_END);
    assert_ok(reader_seek(r, place, e));
    assert_int_equal(reader_next(r, &info, &what, &err), OK);
    assert_int_equal(what, READER_END);
    reader_close(r);
    fixture_close(&f);
}

static void refuse_journal_of(const char *header, const char *named)
{
    struct fixture f;
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    struct err err = ERR_INIT;
    char path[256];
    make_two(&f, false);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_adds(&b, header), OK);
    assert_int_equal(checksum_line_end(&b, 0), OK);
    write_file(path, b.data, b.len);
    buf_free(&b);
    assert_ok(reader_open(&r, f.spool, TABLE, e));
    assert_int_equal(reader_next(r, &info, &what, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, named));
    reader_close(r);
    struct writer *w;
    assert_int_equal(writer_open(&w, &f.loop, f.spool, TABLE, &f.conf, &err), ERR_CONFIG);
    fixture_close(&f);
}

static void a_journal_of_another_format_is_refused(void **state)
{
    (void)state;
    refuse_journal_of("{\"netty_journal\":2", "format 2, this program knows 1; use a newer netty");
    refuse_journal_of("{\"netty_journal\":0", "format 0, this program knows 1; use an older netty");
}

static void a_reader_follows_a_writer(void **state)
{
    struct fixture f;
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    (void)state;
    fixture_open(&f);
    f.conf.segment_size = 300;
    assert_ok(reader_open(&r, f.spool, TABLE, e));
    assert_ok(reader_next(r, &info, &what, e));
    assert_int_equal(what, READER_END);
    start_writing(&f);
    for (int i = 0; i < 30; i++) {
        put_page(&f, i * PER, PER);
        run(&f);
        assert_ok(reader_next(r, &info, &what, e));
        assert_int_equal(what, READER_PAGE);
        assert_int_equal(page_compare(info->place, f.info.place), 0);
        assert_ok(reader_next(r, &info, &what, e));
        assert_int_equal(what, READER_END);
    }
    stop_writing(&f);
    reader_close(r);
    fixture_close(&f);
}

static void a_page_without_records_hands_out_none(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    fixture_open(&f);
    start_writing(&f);
    put_page(&f, 0, 3);
    put_page(&f, 3, 0);
    put_page(&f, 3, 2);
    run(&f);
    stop_writing(&f);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_int_equal(b.pages, 3);
    assert_int_equal(b.records, 5);
    assert_true(b.in_order);
    fixture_close(&f);
}

static void a_journal_of_another_segment_is_named(void **state)
{
    struct fixture f;
    struct read_back b;
    struct buf first;
    char path[256];
    (void)state;
    make_two(&f, false);
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    read_file(path, &first);
    table_path(&f, path, 2, SEGMENT_JOURNAL);
    write_file(path, first.data, first.len);
    buf_free(&first);
    read_all(&f, (struct page_place){0, 0}, &b);
    assert_true(b.damaged > 0);
    assert_non_null(strstr(b.err.msg, "another segment"));
    fixture_close(&f);
}

/* A power failure damages the line of page 2 of three; the pages shared a sync, or each had its own.
 * What was noted of them and never synced is gone. Then the writer goes on with a page of one
 * record. */
static void damage_second_of_three(struct fixture *f, bool shared, struct read_back *b)
{
    struct buf journal;
    char path[256];
    fixture_open(f);
    start_writing(f);
    for (int i = 0; i < 3; i++) {
        put_page(f, i * PER, PER);
        if (!shared)
            run(f);
    }
    run(f);
    stop_writing(f);
    table_path(f, path, 1, SEGMENT_JOURNAL);
    read_file(path, &journal);
    char *line = memmem(journal.data, journal.len, "{\"page\":2", 9);
    assert_non_null(line);
    *line = '\0'; /* what a file system leaves where nothing was written */
    write_file(path, journal.data, journal.len);
    buf_free(&journal);
    (void)snprintf(path, sizeof path, "%s/" TABLE "/" ACKED_FILE, f->dir);
    assert_int_equal(unlink(path), 0);
    start_writing(f);
    assert_string_equal(writer_position(f->writer), "{\"next\":4}");
    put_page(f, 3 * PER, 1);
    run(f);
    stop_writing(f);
    read_all(f, start, b);
    fixture_close(f);
}

static void lines_torn_by_a_power_failure_are_given_up(void **state)
{
    struct fixture f;
    struct read_back b;
    (void)state;
    damage_second_of_three(&f, true, &b);
    assert_int_equal(b.damaged, 0);
    assert_int_equal(b.records, PER + 1);
    damage_second_of_three(&f, false, &b);
    assert_int_equal(b.damaged, 1);
    assert_int_equal(b.records, 2 * PER + 1);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_torn_by_a_power_failure_are_given_up),
        cmocka_unit_test(a_page_without_records_hands_out_none),
        cmocka_unit_test(a_journal_of_another_segment_is_named),
        cmocka_unit_test(a_reader_follows_a_writer),
        cmocka_unit_test(a_page_without_records_has_none),
        cmocka_unit_test(damage_is_told_once),
        cmocka_unit_test(a_journal_of_another_format_is_refused),
        cmocka_unit_test(missing_files_are_named),
        cmocka_unit_test(missing_segments_are_named_unless_pruned),
        cmocka_unit_test(flips_in_an_open_journal),
        cmocka_unit_test(flips_in_an_open_segment),
        cmocka_unit_test(flips_in_a_sealed_journal),
        cmocka_unit_test(flips_in_a_compressed_segment),
        cmocka_unit_test(cuts_of_every_file),
        cmocka_unit_test(the_writer_recovers_from_any_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
