#include "tests/unit/spool/helper.h"

#include "spool/control/catalog.h"

static void write_two(struct fixture *f)
{
    struct catalog_entry entries[] = {
        {.table = "contacts", .key = "contact_id", .max_time_modified = INT64_C(1700000000000001)},
        {.table = "affairs",
         .key = "affair \"id\"",
         .max_time_modified = WHEN_NONE,
         .source = (char[]){"7.5.3"},
         .measured = INT64_C(1700000000000002)},
    };
    struct catalog c = {.entries = entries, .count = 2, .written = INT64_C(1700000000000000)};
    assert_ok(catalog_write(f->spool, &c, e));
}

static void what_was_written_is_read(void **state)
{
    struct fixture f;
    struct catalog c;
    struct err err = ERR_INIT;
    (void)state;
    fixture_open(&f);
    assert_int_equal(catalog_read(f.spool, &c, &err), ERR_IO);
    assert_int_equal(err.sys, ENOENT);
    write_two(&f);
    assert_ok(catalog_read(f.spool, &c, e));
    assert_int_equal(c.count, 2);
    assert_string_equal(c.entries[0].table, "affairs");
    assert_string_equal(c.entries[0].key, "affair \"id\"");
    assert_true(c.entries[0].max_time_modified == WHEN_NONE);
    assert_string_equal(c.entries[0].source, "7.5.3");
    assert_true(c.entries[0].measured == INT64_C(1700000000000002));
    assert_null(c.entries[1].source);
    assert_true(c.entries[1].measured == WHEN_NONE);
    assert_true(c.written == INT64_C(1700000000000000));
    const struct catalog_entry *entry = catalog_find(&c, "contacts");
    assert_non_null(entry);
    assert_true(entry->max_time_modified == INT64_C(1700000000000001));
    assert_null(catalog_find(&c, "tasks"));
    catalog_free(&c);
    fixture_close(&f);
}

static void any_damage_is_told(void **state)
{
    struct fixture f;
    struct catalog c;
    struct err err = ERR_INIT;
    struct buf whole;
    char path[256];
    (void)state;
    fixture_open(&f);
    write_two(&f);
    assert_true(snprintf(path, sizeof path, "%s/catalog.json", f.dir) > 0);
    read_file(path, &whole);
    for (size_t n = 0; n < whole.len; n++) {
        write_file(path, whole.data, n);
        assert_int_equal(catalog_read(f.spool, &c, &err), ERR_DAMAGED);
    }
    for (size_t i = 0; i < whole.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            whole.data[i] = (char)(whole.data[i] ^ 1 << bit);
            write_file(path, whole.data, whole.len);
            assert_int_equal(catalog_read(f.spool, &c, &err), ERR_DAMAGED);
            whole.data[i] = (char)(whole.data[i] ^ 1 << bit);
        }
    }
    buf_free(&whole);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(any_damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
