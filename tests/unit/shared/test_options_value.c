#include "shared/time/when.h"
#include "tests/unit/shared/options_fixture.h"

static void value(enum program program, enum option_id id, const char *text, int64_t want)
{
    char arg[200];
    (void)snprintf(arg, sizeof(arg), "--%s=%s", option_table[id].name, text);
    const struct options *o = fixture_good(program, WORDS(arg));
    if (options_int(o, id) != want)
        fail_msg("%s is %lld", arg, (long long)options_int(o, id));
    assert_string_equal(options_text(o, id), text);
}

static void refused(enum program program, enum option_id id, const char *text, const char *why)
{
    char arg[200];
    char message[400];
    (void)snprintf(arg, sizeof(arg), "--%s=%s", option_table[id].name, text);
    (void)snprintf(message, sizeof(message), "--%s '%s' %s", option_table[id].name, text, why);
    fixture_bad(program, WORDS(arg), ERR_USAGE, message);
}

static void test_counts(void **state)
{
    (void)state;
    value(PROGRAM_EXTRACT, OPT_LIMIT, "10", 10);
    value(PROGRAM_EXTRACT, OPT_LIMIT, "100", 100);
    value(PROGRAM_EXTRACT, OPT_RATE, "0", 0);
    value(PROGRAM_EXTRACT, OPT_MAX_PAGES, "9223372036854775807", INT64_MAX);
    static const char *const bad[] = {
        "9", "101", "-50", "+50", "5O", "50 ", " 50", "1e2", "99999999999999999999", "ten"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(PROGRAM_EXTRACT, OPT_LIMIT, bad[i], "must be a whole number, from 10 to 100");
    refused(PROGRAM_EXTRACT, OPT_MAX_PAGES, "9223372036854775808",
            "must be a whole number, 0 or more");
    refused(PROGRAM_EXTRACT, OPT_MAX_PAGES, "-1", "must be a whole number, 0 or more");
}

static void test_percentages(void **state)
{
    (void)state;
    value(PROGRAM_LOAD, OPT_MAX_DELETES, "5", 5);
    value(PROGRAM_LOAD, OPT_MAX_DELETES, "5%", 5);
    value(PROGRAM_LOAD, OPT_MAX_DELETES, "0%", 0);
    value(PROGRAM_LOAD, OPT_MAX_DELETES, "100%", 100);
    static const char *const bad[] = {"101%", "5%%", "5 %", "%", "%5", "5.5%", "-1%", "12345678"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(PROGRAM_LOAD, OPT_MAX_DELETES, bad[i],
                "must be a percentage such as 5 or 5%, from 0 to 100");
    refused(PROGRAM_EXTRACT, OPT_LIMIT, "50%", "must be a whole number, from 10 to 100");
}

static void test_durations(void **state)
{
    (void)state;
    value(PROGRAM_EXTRACT, OPT_RETRY_DELAY, "10ms", 10000);
    value(PROGRAM_EXTRACT, OPT_RETRY_DELAY, "7s", 7 * WHEN_SECOND);
    value(PROGRAM_EXTRACT, OPT_EVERY, "10m", 600 * WHEN_SECOND);
    value(PROGRAM_EXTRACT, OPT_OVERLAP, "0", 0);
    value(PROGRAM_EXTRACT, OPT_OVERLAP, "7d", 7 * 86400 * WHEN_SECOND);
    static const char *const bad[] = {"0", "1h1m", "-5s", "2h30", "5 s", "5w", "61m", "ms"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(PROGRAM_EXTRACT, OPT_RETRY_DELAY, bad[i],
                "must be a duration such as 10ms, 5s, 10m, 2h or 7d, from 1ms to 1h");
}

/* Taken for seconds, 90 would remove nearly all. */
static void test_a_duration_that_removes_rows_tells_its_unit(void **state)
{
    (void)state;
    value(PROGRAM_LOAD, OPT_OLDER_THAN, "90d", 90 * 86400 * WHEN_SECOND);
    value(PROGRAM_LOAD, OPT_OLDER_THAN, "0s", 0);
    refused(PROGRAM_LOAD, OPT_OLDER_THAN, "90", "must tell its unit, as in 90d");
    refused(PROGRAM_LOAD, OPT_OLDER_THAN, "0", "must tell its unit, as in 0d");
    refused(PROGRAM_LOAD, OPT_SPOOL_KEEP, "30", "must tell its unit, as in 30d");
    refused(PROGRAM_SPOOL, OPT_SPOOL_KEEP, "30", "must tell its unit, as in 30d");
}

static void test_sizes(void **state)
{
    (void)state;
    value(PROGRAM_LOAD, OPT_BATCH_BYTES, "64K", 65536);
    value(PROGRAM_LOAD, OPT_BATCH_BYTES, "1G", 1 << 30);
    value(PROGRAM_LOAD, OPT_BATCH_BYTES, "5000", 5000);
    static const char *const bad[] = {"1023", "2G", "64k", "64KB", "1.5M", "-1M", "M"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err e;
        char arg[100];
        (void)snprintf(arg, sizeof(arg), "--batch-bytes=%s", bad[i]);
        assert_int_equal(fixture_read(PROGRAM_LOAD, WORDS(arg), &e), ERR_USAGE);
        assert_non_null(strstr(e.msg, "must be a size such as 64K, 16M or 1G, from 1"));
    }
}

static void test_choices_and_flags(void **state)
{
    (void)state;
    value(PROGRAM_LOAD, OPT_UPDATE, "merge", 0);
    value(PROGRAM_LOAD, OPT_UPDATE, "replace", 1);
    value(PROGRAM_LOAD, OPT_LOG_LEVEL, "error", LOG_ERROR);
    value(PROGRAM_LOAD, OPT_LOG_FORMAT, "json", LOG_JSON);
    static const char *const bad[] = {"mer", "merge|replace", "Merge", "merge ", "|", "keep"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        refused(PROGRAM_LOAD, OPT_UPDATE, bad[i], "must be one of merge|replace");
    static const char *const on[] = {"1", "yes", "true", "on"};
    static const char *const off[] = {"0", "no", "false", "off"};
    for (size_t i = 0; i < 4; i++) {
        value(PROGRAM_LOAD, OPT_JSON, on[i], 1);
        value(PROGRAM_LOAD, OPT_JSON, off[i], 0);
    }
    refused(PROGRAM_LOAD, OPT_JSON, "YES", "must be yes or no (or 1/0, true/false, on/off)");
    refused(PROGRAM_LOAD, OPT_JSON, "2", "must be yes or no (or 1/0, true/false, on/off)");
}

static void test_times(void **state)
{
    (void)state;
    int64_t day = when_days(2024, 5, 13) * 86400 * WHEN_SECOND;
    fixture_env("TZ", "UTC");
    value(PROGRAM_EXTRACT, OPT_SINCE, "2024-05-13", day);
    value(PROGRAM_EXTRACT, OPT_SINCE, "2024-05-13T02:00:00+02:00", day);
    value(PROGRAM_EXTRACT, OPT_SINCE, "all", WHEN_NONE);
    const char *why = "must be a time such as 2024-05-13 or 2024-05-13T10:22:33Z, or the word all";
    refused(PROGRAM_EXTRACT, OPT_SINCE, "yesterday", why);
    refused(PROGRAM_EXTRACT, OPT_SINCE, "2024-02-30", why);
    refused(PROGRAM_EXTRACT, OPT_SINCE, "0000-00-00", why); /* no time */
    refused(PROGRAM_EXTRACT, OPT_SINCE, "ALL", why);
    fixture_bad(PROGRAM_LOAD, WORDS("--replay", "--from", "all"), ERR_USAGE,
                "--from 'all' must be a time such as 2024-05-13 or 2024-05-13T10:22:33Z");
}

/* Zone-less ones are in the zone in which times are shown, whatever zone the API's are in. */
static void test_times_in_a_zone(void **state)
{
    (void)state;
    int64_t day = when_days(2024, 5, 13) * 86400 * WHEN_SECOND;
    fixture_env("TZ", "Europe/Paris");
    const struct options *o = GOOD(EXTRACT, "--since=2024-05-13", "--timezone", "Asia/Tokyo");
    assert_true(options_int(o, OPT_SINCE) == day - 7200 * WHEN_SECOND);
}

static void test_texts(void **state)
{
    (void)state;
    refused(PROGRAM_EXTRACT, OPT_SPOOL, "a\nb",
            "must not contain control characters such as line ends");
    refused(PROGRAM_EXTRACT, OPT_SPOOL, "a\x7f",
            "must not contain control characters such as line ends");
    const struct options *o = GOOD(EXTRACT, "--spool=d\xc3\xa9p\xc3\xb4t");
    assert_string_equal(options_text(o, OPT_SPOOL), "d\xc3\xa9p\xc3\xb4t");
}

static void test_long_values_are_cut_in_messages(void **state)
{
    (void)state;
    char arg[3000];
    struct err e;
    (void)snprintf(arg, sizeof(arg), "--limit=%02000d", 1);
    assert_int_equal(fixture_read(PROGRAM_EXTRACT, WORDS(arg), &e), ERR_USAGE);
    assert_true(strlen(e.msg) < 200);
    assert_non_null(strstr(e.msg, "from 10 to 100"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_counts),    TEST(test_percentages),
        TEST(test_durations), TEST(test_a_duration_that_removes_rows_tells_its_unit),
        TEST(test_sizes),     TEST(test_choices_and_flags),
        TEST(test_times),     TEST(test_times_in_a_zone),
        TEST(test_texts),     TEST(test_long_values_are_cut_in_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
