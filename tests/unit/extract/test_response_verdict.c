/* What an exchange means for the table that made it. */
#include "extract/api/response_verdict.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct err fine = {.code = OK};

static void expect(long status, enum err_code http, bool timed_out, enum err_code page, bool worked,
                   enum verdict verdict, enum err_code code)
{
    struct http_result result = {.status = status, .timed_out = timed_out};
    struct err parsed = fine;
    struct err e = ERR_INIT;
    if (http != OK)
        err_set(&result.err, http, "the exchange");
    if (page != OK)
        err_set(&parsed, page, "the page");
    enum verdict got = response_verdict("contacts", &result, &parsed, worked, &e);
    if (got != verdict)
        fail_msg("status %ld: %s, not %s", status, verdict_word(got), verdict_word(verdict));
    assert_int_equal(e.code, code);
    assert_int_equal(err_retryable(e.code), verdict == VERDICT_RETRY || timed_out ||
                                                code == ERR_THROTTLED || code == ERR_FULL);
}

static void keeps_good_pages(void **state)
{
    (void)state;
    expect(200, OK, false, OK, false, VERDICT_PAGE, OK);
}

static void retries_what_can_pass(void **state)
{
    (void)state;
    expect(0, ERR_UNAVAILABLE, false, OK, true, VERDICT_RETRY, ERR_UNAVAILABLE);
    expect(200, ERR_UNAVAILABLE, false, OK, true, VERDICT_RETRY, ERR_UNAVAILABLE); /* cut short */
    expect(200, OK, false, ERR_PROTOCOL, true, VERDICT_RETRY,
           ERR_PROTOCOL); /* HTML, error object */
    expect(200, ERR_PROTOCOL, false, OK, true, VERDICT_RETRY, ERR_PROTOCOL);
    static const long statuses[] = {500, 502, 503, 504, 599, 204, 206, 100};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        expect(statuses[i], OK, false, OK, true, VERDICT_RETRY, ERR_UNAVAILABLE);
    /* The status counts, even when the body behind it was cut. */
    expect(503, ERR_UNAVAILABLE, false, OK, true, VERDICT_RETRY, ERR_UNAVAILABLE);
    expect(404, ERR_UNAVAILABLE, false, OK, true, VERDICT_UNKNOWN, ERR_CONFIG);
}

static void asks_for_less_after_a_timeout(void **state)
{
    (void)state;
    expect(0, ERR_UNAVAILABLE, true, OK, true, VERDICT_SMALLER, ERR_UNAVAILABLE);
    expect(200, ERR_UNAVAILABLE, true, OK, true, VERDICT_SMALLER, ERR_UNAVAILABLE);
    expect(200, ERR_TOO_BIG, false, OK, true, VERDICT_SMALLER, ERR_TOO_BIG);
}

static void tells_a_throttled_key_from_a_wrong_one(void **state)
{
    (void)state;
    expect(429, OK, false, OK, false, VERDICT_THROTTLED, ERR_THROTTLED);
    expect(429, OK, false, OK, true, VERDICT_THROTTLED, ERR_THROTTLED);
    expect(401, OK, false, OK, true, VERDICT_REFUSED, ERR_THROTTLED);
    expect(403, OK, false, OK, true, VERDICT_REFUSED, ERR_THROTTLED);
    expect(401, OK, false, OK, false, VERDICT_REFUSED, ERR_DENIED);
    expect(403, OK, false, OK, false, VERDICT_REFUSED, ERR_DENIED);
}

static void gives_up_on_what_cannot_pass(void **state)
{
    (void)state;
    static const long statuses[] = {400, 405, 410, 422, 451};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        expect(statuses[i], OK, false, OK, true, VERDICT_FAILED, ERR_REFUSED);
    expect(302, ERR_REFUSED, false, OK, true, VERDICT_FAILED, ERR_REFUSED);
    expect(0, ERR_CONFIG, false, OK, true, VERDICT_FAILED, ERR_CONFIG);
    expect(200, ERR_FULL, false, OK, true, VERDICT_FAILED, ERR_FULL);
    expect(200, ERR_IO, false, OK, true, VERDICT_FAILED, ERR_IO);
}

static void names_the_missing_table(void **state)
{
    (void)state;
    struct http_result result = {.status = 404};
    struct err e = ERR_INIT;
    assert_int_equal(response_verdict("contakts", &result, &fine, true, &e), VERDICT_UNKNOWN);
    assert_int_equal(e.code, ERR_CONFIG);
    assert_non_null(strstr(e.msg, "no table contakts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_good_pages),
        cmocka_unit_test(retries_what_can_pass),
        cmocka_unit_test(asks_for_less_after_a_timeout),
        cmocka_unit_test(tells_a_throttled_key_from_a_wrong_one),
        cmocka_unit_test(gives_up_on_what_cannot_pass),
        cmocka_unit_test(names_the_missing_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
