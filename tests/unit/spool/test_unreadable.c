#include "spool/control/unreadable.h"
#include "tests/unit/spool/helper.h"

static struct place got[4];
static size_t count;

static enum err_code keep(void *ctx, const struct place *place, struct err *why)
{
    (void)ctx;
    (void)why;
    assert_true(count < sizeof got / sizeof *got);
    got[count++] = *place;
    return OK;
}

static struct place example(uint64_t offset)
{
    struct place place = {.before = {.there = true, .id = 7, .keyed = true, .key = -17},
                          .count = 2,
                          .offset = offset,
                          .since = 5 * WHEN_SECOND,
                          .tried = 6 * WHEN_SECOND,
                          .due = 7 * WHEN_SECOND,
                          .said = "500 \"oops\""};
    (void)snprintf(place.from, sizeof place.from, "2024-05-13T10:22:33.000Z");
    return place;
}

/* What a place is comes back; the doubt, too, which only those have that are in doubt. */
static void test_places_come_back_as_they_were(void **state)
{
    struct fixture f;
    struct place at[] = {example(3), example(9)};
    char path[512];
    char text[4096] = "";
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    at[1].doubtful = true;
    at[0].aside = at[0].within = true;
    assert_ok(unreadable_write(f.spool, TABLE, at, 2, e));
    count = 0;
    assert_ok(unreadable_read(f.spool, TABLE, keep, NULL, e));
    assert_int_equal(count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(got[i].offset, at[i].offset);
        assert_int_equal(got[i].count, 2);
        assert_int_equal(got[i].doubtful, at[i].doubtful);
        assert_int_equal(got[i].within, at[i].within);
        assert_int_equal(got[i].before.key, -17);
        assert_int_equal(got[i].due, at[i].due);
        assert_string_equal(got[i].said, at[i].said);
        assert_string_equal(got[i].from, at[i].from);
    }
    (void)snprintf(path, sizeof path, "%s/%s/" UNREADABLE_FILE, f.dir, TABLE);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    const char *doubt = strstr(text, "\"doubt\":1");
    assert_non_null(doubt);
    assert_null(strstr(doubt + 1, "\"doubt\""));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places_come_back_as_they_were)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
