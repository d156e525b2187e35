/* A reader that begins at a place tells what one tells that began at the start, whatever is damaged. */
#include "tests/unit/spool/helper.h"

#define PAGES 6

static const struct page_place start = {0, 0};

struct told {
    int n;
    struct {
        enum reader_what what;
        struct page_place place;
    } all[64];
};

/* What is told of the places behind `after`, by a reader that begins at `from`. */
static void tell(struct fixture *f, struct page_place from, struct page_place after, struct told *t)
{
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    memset(t, 0, sizeof *t);
    assert_ok(reader_open(&r, f->spool, TABLE, e));
    assert_ok(reader_seek(r, from, e));
    for (;;) {
        struct err err = ERR_INIT;
        assert_int_equal(reader_next(r, &info, &what, &err), OK);
        if (what == READER_END)
            break;
        if (page_compare(info->place, after) <= 0)
            continue;
        assert_true(t->n < 64);
        t->all[t->n].what = what;
        t->all[t->n++].place = info->place;
    }
    reader_close(r);
}

static void tell_the_same(struct fixture *f, size_t byte)
{
    for (uint64_t page = 1; page <= PAGES; page++) {
        struct told all, behind;
        const struct page_place after = {1, page};
        tell(f, start, after, &all);
        tell(f, after, after, &behind);
        if (all.n != behind.n || memcmp(all.all, behind.all, (size_t)all.n * sizeof *all.all) != 0)
            fail_msg("byte %zu: from page %d on, %d are told instead of %d", byte, (int)page,
                     behind.n, all.n);
    }
}

/* The lines before a place are not parsed by a reader that begins there: whatever happened to them, it tells what one tells
 * that began at the start. A line that is there twice, or in another order, is damage too. */
static void a_seek_tells_what_a_read_from_the_start_tells(void **state)
{
    struct fixture f;
    struct buf whole;
    char path[256];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 0, PAGES, 4);
    f.conf.segment_size = 64 << 20;
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    read_file(path, &whole);
    tell_the_same(&f, 0);
    for (size_t i = 0; i < whole.len; i += 5) {
        char was = whole.data[i];
        whole.data[i] = (char)(was ^ 1 << i % 8);
        write_file(path, whole.data, whole.len);
        tell_the_same(&f, i);
        whole.data[i] = was;
    }
    for (const char *line = whole.data; line < whole.data + whole.len;) {
        const char *next = memchr(line, '\n', (size_t)(whole.data + whole.len - line));
        size_t n = (size_t)(next + 1 - line), before = (size_t)(line - whole.data);
        struct buf twice;
        buf_init(&twice, (size_t)1 << 20);
        assert_int_equal(buf_add(&twice, whole.data, whole.len), OK);
        assert_int_equal(buf_add(&twice, line, n), OK);
        write_file(path, twice.data, twice.len);
        tell_the_same(&f, before);
        buf_reset(&twice);
        assert_int_equal(buf_add(&twice, whole.data, before), OK);
        assert_int_equal(buf_add(&twice, next + 1, whole.len - before - n), OK);
        write_file(path, twice.data, twice.len);
        tell_the_same(&f, before);
        buf_free(&twice);
        line = next + 1;
    }
    write_file(path, whole.data, whole.len);
    buf_free(&whole);
    fixture_close(&f);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seek_tells_what_a_read_from_the_start_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
