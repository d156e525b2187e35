#include "spool/overview/overview_json.h"
#include "spool/status/health.h"
#include "tests/unit/spool/helper.h"

static struct overview_row row(const char *account, enum err_code code, size_t reasons)
{
    return (struct overview_row){.account = account,
                                 .code = code,
                                 .reasons = reasons,
                                 .verdict = "ok",
                                 .complete_to = WHEN_NONE,
                                 .loaded_to = WHEN_NONE};
}

static void the_worst_account_comes_first(void **state)
{
    struct overview_row rows[] = {
        row("lyon", OK, 0),          row("paris", ERR_DENIED, 1), row("nice", ERR_UNAVAILABLE, 1),
        row("brest", ERR_DENIED, 3), row("arles", OK, 0),
    };
    (void)state;
    qsort(rows, 5, sizeof *rows, overview_row_by_worst);
    const char *order[] = {"brest", "paris", "nice", "arles", "lyon"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(rows[i].account, order[i]);
}

static void an_account_that_nobody_looked_at_has_its_name_alone(void **state)
{
    struct overview_row seen = row("lyon", OK, 0);
    const struct overview_shown list[] = {
        {.account = "lyon", .row = &seen, .says = "\"quoted\"\n", .ended = WHEN_NONE},
        {.account = "paris", .ended = WHEN_NONE},
    };
    struct buf b;
    (void)state;
    seen.bytes = 7;
    buf_init(&b, OVERVIEW_JSON_MAX);
    assert_int_equal(overview_json(&b, "load", HEALTH_STALE, list, 2), OK);
    assert_int_equal(buf_addc(&b, '\0'), OK);
    assert_non_null(strstr(b.data, "\"stale_after\":3600.000,"));
    assert_non_null(strstr(b.data, "{\"account\":\"lyon\",\"code\":0,"));
    assert_non_null(strstr(b.data, "\"bytes\":7,"));
    assert_non_null(strstr(b.data, "\"says\":\"\\\"quoted\\\"\\n\","));
    assert_non_null(strstr(b.data, "\"ended\":null}"));
    assert_non_null(strstr(b.data, ",{\"account\":\"paris\"}]}\n"));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_account_comes_first),
        cmocka_unit_test(an_account_that_nobody_looked_at_has_its_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
