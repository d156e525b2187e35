#include "tests/unit/spool/helper.h"

#include "spool/dead_letters/dead_letter_index.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Lines 1, 3, 5 ... of pages of ten lines each. */
static void add(struct fixture *f, uint64_t from, uint64_t to)
{
    size_t n = (size_t)(to - from);
    struct dead_letter *letters = calloc(n, sizeof *letters);
    assert_non_null(letters);
    for (size_t i = 0; i < n; i++) {
        uint64_t number = from + i;
        letters[i] = (struct dead_letter){.reason = "nul",
                                          .sqlstate = "",
                                          .message = "",
                                          .file = "",
                                          .place = {1, 1 + number / 5},
                                          .line = 2 * number + 1,
                                          .raw = ""};
    }
    assert_ok(dead_add(f->spool, TABLE, DEAD_LOAD, letters, n, e));
    free(letters);
}

static bool has(struct dead_index *x, uint64_t number, uint64_t off)
{
    bool found = false;
    struct page_place place = {1, 1 + number / 5};
    assert_ok(dead_index_has(x, place, 2 * number + 1 + off, &found, e));
    return found;
}

static struct dead_index *open_index(struct fixture *f)
{
    struct dead_index *x = NULL;
    assert_ok(dead_index_open(&x, f->spool, TABLE, DEAD_LOAD, e));
    return x;
}

static void refresh(struct dead_index *x, uint64_t page)
{
    assert_ok(dead_index_refresh(x, (struct page_place){1, page}, e));
}

static void knows_the_lines_of_the_file_and_those_that_are_added(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct dead_index *x = open_index(&f);
    refresh(x, 1);
    assert_false(has(x, 0, 0));
    add(&f, 0, 20);
    assert_false(has(x, 3, 0)); /* not looked yet */
    refresh(x, 1);
    for (uint64_t i = 0; i < 20; i++)
        assert_true(has(x, i, 0) && !has(x, i, 1));
    assert_false(has(x, 20, 0));
    add(&f, 20, 25);
    refresh(x, 3);
    for (uint64_t i = 10; i < 25; i++)
        assert_true(has(x, i, 0));
    assert_true(has(x, 2, 0)); /* before what was asked for: read again */
    dead_index_close(x);
    fixture_close(&f);
}

static bool keep_late(void *ctx, const struct dead_letter *letter)
{
    (void)ctx;
    return letter->line > 20;
}

static void a_file_that_was_rewritten_is_read_anew(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct dead_index *x = open_index(&f);
    add(&f, 0, 20);
    refresh(x, 1);
    assert_true(has(x, 1, 0));
    assert_ok(dead_filter(f.spool, TABLE, DEAD_LOAD, keep_late, NULL, e));
    refresh(x, 1);
    assert_false(has(x, 1, 0));
    assert_true(has(x, 15, 0));
    assert_ok(dead_filter(f.spool, TABLE, DEAD_LOAD, keep_late, NULL, e));
    add(&f, 0, 1);
    refresh(x, 1);
    assert_true(has(x, 0, 0) && has(x, 15, 0) && !has(x, 1, 0));
    dead_index_close(x);
    fixture_close(&f);
}

/* What it has read it does not read again: the file's beginning is made unreadable behind its back. */
static void reads_only_what_was_added(void **state)
{
    struct fixture f;
    char path[300];
    (void)state;
    fixture_open(&f);
    struct dead_index *x = open_index(&f);
    add(&f, 0, 20);
    refresh(x, 1);
    (void)snprintf(path, sizeof path, "%s/%s/dead-load.ndjson", spool_dir(f.spool), TABLE);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    add(&f, 20, 25);
    assert_int_equal(pwrite(fd, "????????", 8, 0), 8);
    assert_int_equal(close(fd), 0);
    refresh(x, 1);
    assert_true(has(x, 0, 0) && has(x, 24, 0));
    dead_index_close(x);
    x = open_index(&f);
    refresh(x, 1);
    assert_false(has(x, 0, 0));
    dead_index_close(x);
    fixture_close(&f);
}

static void more_than_it_can_hold_are_found_in_order_and_backwards(void **state)
{
    enum {
        N = 2 * DEAD_INDEX_MAX + 5000
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct dead_index *x = open_index(&f);
    add(&f, N / 2, N); /* those of the later places first */
    add(&f, 0, N / 2);
    refresh(x, 1);
    for (uint64_t i = 0; i < N; i++)
        assert_true(has(x, i, 0) && !has(x, i, 1));
    assert_false(has(x, N, 0));
    assert_true(has(x, 7, 0) && has(x, N - 1, 0) && has(x, N / 2, 0));
    add(&f, N, N + 10);
    refresh(x, 1 + (N - 10) / 5);
    assert_true(has(x, N + 9, 0));
    dead_index_close(x);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_lines_of_the_file_and_those_that_are_added),
        cmocka_unit_test(a_file_that_was_rewritten_is_read_anew),
        cmocka_unit_test(reads_only_what_was_added),
        cmocka_unit_test(more_than_it_can_hold_are_found_in_order_and_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
