#include "spool/inventory/held_deletions.h"

#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"
#include "tests/unit/spool/helper.h"

static void say(struct fixture *f, const char *id, int64_t roll, uint64_t held)
{
    struct missing_row none = {0};
    struct missing_entry d = {
        .inventory_began = roll, .window = 1, .held = held, .at = 7, .rows = &none};
    (void)snprintf(d.id, sizeof d.id, "%s", id);
    assert_ok(missing_store(f->spool, TABLE, &d, e));
}

static uint64_t held_of(struct fixture *f, const char *const *ids, size_t n)
{
    struct loaded_entry entries[2];
    struct loaded of = {.entries = entries, .count = n};
    memset(entries, 0, sizeof entries);
    uint64_t held = 99;
    for (size_t i = 0; i < n; i++)
        (void)snprintf(entries[i].id, sizeof entries[i].id, "%s", ids[i]);
    assert_ok(held_deletions(f->spool, TABLE, &of, &held, e));
    return held;
}

static int64_t begin_roll(struct fixture *f)
{
    struct inventory *r = NULL;
    assert_ok(inventory_open(&r, f->spool, TABLE, NULL, NULL, e));
    assert_ok(inventory_begin(r, e));
    int64_t began = inventory_state(r)->began;
    inventory_close(r);
    return began;
}

static void test_the_database_with_the_most_counts(void **state)
{
    static const char *const both[] = {"a", "b"};
    struct fixture f;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    assert_int_equal(held_of(&f, both, 2), 0); /* no roll, nothing said */
    int64_t roll = begin_roll(&f);
    say(&f, "a", roll, 3);
    say(&f, "b", roll, 5);
    assert_int_equal(held_of(&f, both, 2), 5);
    assert_int_equal(held_of(&f, both, 1), 3); /* b is forgotten */
    assert_int_equal(held_of(&f, both, 0), 0);
    say(&f, "b", roll, 0);
    assert_int_equal(held_of(&f, both, 2), 3);
    fixture_close(&f);
}

static void test_a_new_roll_gives_up_what_was_held(void **state)
{
    static const char *const one[] = {"a"};
    struct fixture f;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    say(&f, "a", begin_roll(&f), 3);
    assert_int_equal(held_of(&f, one, 1), 3);
    say(&f, "a", begin_roll(&f) - 1, 3);
    assert_int_equal(held_of(&f, one, 1), 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_database_with_the_most_counts),
        cmocka_unit_test(test_a_new_roll_gives_up_what_was_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
