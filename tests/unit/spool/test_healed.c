#include "spool/journal/journal.h"
#include "spool/segment/healed.h"
#include "tests/unit/spool/helper.h"

static const struct page_place start = {0, 0};

static void folder(const struct fixture *f, char out[256])
{
    (void)snprintf(out, 256, "%s/" TABLE, f->dir);
}

static bool has(const char *dir, uint64_t segment, uint64_t page)
{
    bool found;
    struct page_place place = {segment, page};
    assert_ok(healed_has(dir, place, &found, e));
    return found;
}

static void test_places_are_kept_and_those_pruned_forgotten(void **state)
{
    struct fixture f;
    char dir[256];
    const struct page_place some[] = {{1, 2}, {3, 0}, {1, 2}};
    const struct page_place more[] = {{4, 1}};
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    folder(&f, dir);
    assert_false(has(dir, 1, 2));
    assert_ok(healed_add(dir, some, 3, 0, e));
    assert_true(has(dir, 1, 2) && has(dir, 3, 0));
    assert_false(has(dir, 1, 1) || has(dir, 3, 1));
    assert_ok(healed_add(dir, more, 1, 2, e));
    assert_false(has(dir, 1, 2));
    assert_true(has(dir, 3, 0) && has(dir, 4, 1));
    fixture_close(&f);
}

/* Damaged pages and lines are read over in silence once they are healed, and only these. */
static void test_a_reader_passes_over_what_is_healed(void **state)
{
    struct fixture f;
    struct read_back b;
    char dir[256];
    char path[256];
    struct buf content;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 5, 3);
    folder(&f, dir);
    table_path(&f, path, 1, SEGMENT_DATA);
    read_file(path, &content);
    content.data[0] ^= 1;
    content.data[content.len - 2] ^= 1;
    write_file(path, content.data, content.len);
    buf_free(&content);
    read_all(&f, start, &b);
    assert_int_equal(b.damaged, 2);
    const struct page_place first[] = {{1, 1}};
    assert_ok(healed_add(dir, first, 1, 0, e));
    read_all(&f, start, &b);
    assert_int_equal(b.damaged, 1);
    const struct page_place last[] = {{1, 5}};
    assert_ok(healed_add(dir, last, 1, 0, e));
    read_all(&f, start, &b);
    assert_int_equal(b.damaged, 0);
    assert_int_equal(b.pages, 3);
    assert_int_equal(b.first, 4);
    fixture_close(&f);
}

static void test_damage_of_the_list_hides_nothing_and_is_told(void **state)
{
    struct fixture f;
    struct buf good;
    char dir[256];
    char path[300];
    const struct page_place some[] = {{1, 2}};
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    folder(&f, dir);
    assert_ok(healed_add(dir, some, 1, 0, e));
    (void)snprintf(path, sizeof path, "%s/" HEALED_FILE, dir);
    read_file(path, &good);
    for (size_t i = 0; i < good.len; i++) {
        good.data[i] ^= 4;
        write_file(path, good.data, good.len);
        good.data[i] ^= 4;
        assert_false(has(dir, 1, 2));
        struct err err = ERR_INIT;
        assert_int_equal(healed_check(dir, &err), ERR_DAMAGED);
        write_file(path, good.data, i);
        assert_false(has(dir, 1, 2));
    }
    assert_ok(healed_add(dir, some, 1, 0, e));
    assert_true(has(dir, 1, 2));
    assert_ok(healed_check(dir, e));
    buf_free(&good);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_are_kept_and_those_pruned_forgotten),
        cmocka_unit_test(test_a_reader_passes_over_what_is_healed),
        cmocka_unit_test(test_damage_of_the_list_hides_nothing_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
