#include "spool/dead_letters/dead_letter_versions.h"
#include "tests/unit/spool/helper.h"

static void add(struct fixture *f, const char *raw)
{
    struct dead_letter l = {.at = 1,
                            .reason = "nul",
                            .sqlstate = "",
                            .message = "",
                            .file = "",
                            .raw = raw,
                            .raw_len = strlen(raw)};
    assert_ok(dead_add(f->spool, TABLE, DEAD_LOAD, &l, 1, e));
}

static bool keep_none(void *ctx, const struct dead_letter *letter)
{
    (void)ctx;
    (void)letter;
    return false;
}

static void test_what_the_file_has_is_known(void **state)
{
    struct fixture f;
    struct dead_versions *x;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    assert_ok(dead_versions_open(&x, f.spool, TABLE, DEAD_LOAD, e));
    assert_ok(dead_versions_refresh(x, e));
    assert_true(dead_versions_add(x, "a", 1));
    assert_false(dead_versions_add(x, "a", 1));
    add(&f, "b");
    assert_ok(dead_versions_refresh(x, e));
    assert_false(dead_versions_add(x, "b", 1));
    dead_versions_reset(x);
    assert_ok(dead_versions_refresh(x, e));
    assert_true(dead_versions_add(x, "a", 1));
    assert_false(dead_versions_add(x, "b", 1));
    assert_ok(dead_filter(f.spool, TABLE, DEAD_LOAD, keep_none, NULL, e));
    assert_ok(dead_versions_refresh(x, e));
    assert_true(dead_versions_add(x, "b", 1));
    dead_versions_close(x);
    fixture_close(&f);
}

static void test_many(void **state)
{
    struct fixture f;
    struct dead_versions *x;
    char raw[16];
    (void)state;
    fixture_open(&f);
    assert_ok(dead_versions_open(&x, f.spool, TABLE, DEAD_LOAD, e));
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < 5000; i++) {
            int n = snprintf(raw, sizeof raw, "%d", i);
            assert_int_equal(dead_versions_add(x, raw, (size_t)n), pass == 0);
        }
    dead_versions_close(x);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_file_has_is_known),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
