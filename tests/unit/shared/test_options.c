#include "shared/options/options.h"
#include "shared/options/options_private.h"
#include "shared/time/when.h"
#include "tests/unit/shared/options_fixture.h"

static void test_defaults(void **state)
{
    (void)state;
    const struct options *o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_string_equal(options_text(o, OPT_BASE_URL), "https://webapi.netty.fr/apiv1");
    assert_string_equal(options_text(o, OPT_SPOOL), "var/spool");
    assert_string_equal(options_text(o, OPT_TIMEZONE), "UTC");
    assert_int_equal(options_int(o, OPT_LIMIT), 100);
    assert_int_equal(options_int(o, OPT_OVERLAP), 7200 * WHEN_SECOND);
    assert_int_equal(options_int(o, OPT_TIMEOUT), 20 * WHEN_SECOND);
    assert_int_equal(options_int(o, OPT_RETRIES), 5);
    assert_int_equal(options_int(o, OPT_RETRY_DELAY), 5 * WHEN_SECOND);
    assert_int_equal(options_int(o, OPT_RATE), 3);
    assert_int_equal(options_int(o, OPT_JOBS), 4);
    assert_int_equal(options_int(o, OPT_MAX_PAGES), 0);
    assert_int_equal(options_int(o, OPT_MAX_PAGE_BYTES), 256 << 20);
    assert_int_equal(options_int(o, OPT_MAX_RECORD_BYTES), 16 << 20);
    assert_int_equal(options_int(o, OPT_SEGMENT_SIZE), 64 << 20);
    assert_int_equal(options_int(o, OPT_SEGMENT_AGE), 86400 * WHEN_SECOND);
    o = fixture_good(PROGRAM_LOAD, NO_WORDS);
    assert_null(options_text(o, OPT_DB));
    assert_int_equal(options_int(o, OPT_BATCH_ROWS), 7000);
    assert_int_equal(options_int(o, OPT_BATCH_BYTES), 2400 << 10);
    assert_int_equal(options_int(o, OPT_UPDATE), 0);
    assert_int_equal(options_int(o, OPT_ON_NUL), 0);
    assert_int_equal(options_int(o, OPT_CREATE_TABLES), 0);
    assert_int_equal(options_int(o, OPT_LOG_LEVEL), LOG_INFO);
    for (int i = 0; i < OPTIONS; i++) {
        assert_false(options_given(o, (enum option_id)i));
        assert_string_equal(options_origin(o, (enum option_id)i), "default");
    }
}

/* Each source overrides those below it, and says that it was the one. */
static void test_precedence(void **state)
{
    (void)state;
    const struct options *o;
    fixture_file("netty.conf", "rate = 4\n");
    o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(options_int(o, OPT_RATE), 4);
    assert_string_equal(options_origin(o, OPT_RATE), "netty.conf:1");
    assert_true(options_given(o, OPT_RATE));

    fixture_file("netty.conf", "[extract]\nrate = 5\n[load]\nretries = 77\n");
    o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(options_int(o, OPT_RATE), 5);
    assert_int_equal(options_int(o, OPT_RETRIES), 5);

    fixture_env("NETTY_RATE", "6");
    o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(options_int(o, OPT_RATE), 6);
    assert_string_equal(options_origin(o, OPT_RATE), "NETTY_RATE");
    assert_string_equal(options_text(o, OPT_RATE), "6");

    o = GOOD(EXTRACT, "--rate", "7", "--rate=8");
    assert_int_equal(options_int(o, OPT_RATE), 8);
    assert_string_equal(options_origin(o, OPT_RATE), "--rate");
}

/* In the program's own section a key goes before the same in none, wherever it stands. */
static void test_sections(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "retries = 1\n[load]\nretries = 2\n[extract]\nretries = 3\n",
        "[extract]\nretries = 3\n[load]\nretries = 2\n[spool]\nspool = x\n",
    };
    for (size_t i = 0; i < 2; i++) {
        fixture_file("netty.conf", texts[i]);
        assert_int_equal(options_int(fixture_good(PROGRAM_LOAD, NO_WORDS), OPT_RETRIES), 2);
        assert_int_equal(options_int(fixture_good(PROGRAM_EXTRACT, NO_WORDS), OPT_RETRIES), 3);
    }
    assert_string_equal(options_text(fixture_good(PROGRAM_SPOOL, NO_WORDS), OPT_SPOOL), "x");
}

/* A flag set below can be unset above. */
static void test_flags(void **state)
{
    (void)state;
    fixture_file("netty.conf", "create-tables = yes\n");
    assert_int_equal(options_int(fixture_good(PROGRAM_LOAD, NO_WORDS), OPT_CREATE_TABLES), 1);
    fixture_env("NETTY_CREATE_TABLES", "off");
    assert_int_equal(options_int(fixture_good(PROGRAM_LOAD, NO_WORDS), OPT_CREATE_TABLES), 0);
    assert_int_equal(options_int(GOOD(LOAD, "--create-tables"), OPT_CREATE_TABLES), 1);
    assert_int_equal(options_int(GOOD(LOAD, "--create-tables=no"), OPT_CREATE_TABLES), 0);
}

/* A higher source does not excuse what is wrong below. */
static void test_every_source_is_judged(void **state)
{
    (void)state;
    fixture_env("NETTY_RATE", "fast");
    fixture_bad(PROGRAM_EXTRACT, WORDS("--rate", "2"), ERR_CONFIG,
                "NETTY_RATE 'fast' must be a whole number, from 0 to 10000");
    assert_int_equal(unsetenv("NETTY_RATE"), 0);
    fixture_file("netty.conf", "# slow\nrate = slow\n");
    fixture_bad(PROGRAM_EXTRACT, WORDS("--rate", "2"), ERR_CONFIG,
                "netty.conf:2: rate 'slow' must be a whole number, from 0 to 10000");
}

static void test_words_and_tables(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const char *const *list;
    size_t n;
    fixture_env("NETTY_TABLES", " tasks,users, tasks ,\tcontacts,");
    const struct options *o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(options_words(o, &list), 0);
    assert_int_equal(options_tables(o, &list, &n, &e), OK);
    assert_int_equal(n, 3);
    assert_string_equal(list[0], "tasks");
    assert_string_equal(list[1], "users");
    assert_string_equal(list[2], "contacts");

    o = GOOD(EXTRACT, "users", "--rate", "2", "users", "--", "companies", "--rate");
    assert_int_equal(options_words(o, &list), 4);
    assert_string_equal(list[3], "--rate");
    assert_int_equal(options_tables(o, &list, &n, &e), ERR_USAGE);
    assert_string_equal(e.msg,
                        "'--rate' (the command line) is not a table's name: use letters, digits, _ "
                        "and -, starting with a letter");

    o = GOOD(EXTRACT, "users", "companies", "users");
    assert_int_equal(options_tables(o, &list, &n, &e), OK);
    assert_int_equal(n, 2);
    assert_string_equal(list[1], "companies");

    fixture_env("NETTY_TABLES", "users,a/b");
    o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(options_tables(o, &list, &n, &e), ERR_CONFIG);
    assert_int_equal(e.code, ERR_CONFIG);
    assert_non_null(strstr(e.msg, "'a/b' (NETTY_TABLES)"));

    assert_int_equal(unsetenv("NETTY_TABLES"), 0);
    o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(options_tables(o, &list, &n, &e), OK);
    assert_int_equal(n, 0);
}

static void test_help_and_version_judge_nothing(void **state)
{
    (void)state;
    fixture_env("NETTY_RATE", "fast");
    fixture_file("netty.conf", "nonsense");
    const struct options *o = GOOD(EXTRACT, "--limit", "--nope", "--help", "a/b");
    assert_int_equal(options_int(o, OPT_HELP), 1);
    assert_int_equal(options_int(o, OPT_VERSION), 0);
    o = GOOD(SPOOL, "--version");
    assert_int_equal(options_int(o, OPT_HELP), 0);
    assert_int_equal(options_int(o, OPT_VERSION), 1);
    assert_int_equal(unsetenv("NETTY_RATE"), 0);
    assert_int_equal(unlink("netty.conf"), 0);
    o = GOOD(EXTRACT, "--", "--help"); /* a word */
    assert_int_equal(options_int(o, OPT_HELP), 0);
}

static void test_full_is_since_all(void **state)
{
    (void)state;
    const struct options *o = GOOD(EXTRACT, "--full");
    assert_int_equal(options_int(o, OPT_FULL), 1);
    assert_true(options_given(o, OPT_SINCE));
    assert_true(options_int(o, OPT_SINCE) == WHEN_NONE);
    assert_string_equal(options_text(o, OPT_SINCE), "all");
    assert_string_equal(options_origin(o, OPT_SINCE), "--full");
    assert_false(options_given(GOOD(EXTRACT, "--full=no"), OPT_SINCE));
    assert_false(options_int(GOOD(EXTRACT, "--full=no", "--since", "2024-05-13"), OPT_SINCE) ==
                 WHEN_NONE);
    BAD(EXTRACT, "--since and --full cannot be given together", "--full", "--since", "2024-05-13");
}

static void test_what_belongs_together(void **state)
{
    (void)state;
    BAD(LOAD, "--from means something with --replay only", "--from", "2024-05-13");
    BAD(LOAD, "--to means something with --replay only", "--to", "2024-05-13");
    BAD(LOAD, "--segment means something with --replay only", "--segment", "3");
    BAD(LOAD, "--segment means something with --replay only", "--segment", "3", "--replay=no");
    BAD(LOAD, "--replay and --follow cannot be given together", "--replay", "--follow");
    BAD(LOAD, "--replay and --redrive cannot be given together", "--redrive", "--replay");
    BAD(LOAD, "--redrive and --follow cannot be given together", "--redrive", "--follow");
    BAD(LOAD, "--from '2024-05-13' is not before --to '2024-05-13T00:00'", "--replay", "--from",
        "2024-05-13", "--to", "2024-05-13T00:00");
    const struct options *o = GOOD(LOAD, "--replay", "--segment", "12", "--from", "2024-05-13",
                                   "--to", "2024-05-14", "contacts");
    assert_int_equal(options_int(o, OPT_SEGMENT), 12);
    o = GOOD(SPOOL, "cat", "contacts", "--segment", "3", "--from", "2024-05-13"); /* no --replay */
    assert_int_equal(options_int(o, OPT_SEGMENT), 3);
    o = GOOD(LOAD, "--replay", "--from", "2024-05-13", "--to", "2024-05-14");
    assert_true(options_int(o, OPT_FROM) + 86400 * WHEN_SECOND == options_int(o, OPT_TO));
}

static void test_log_set_up(void **state)
{
    (void)state;
    options_setup_log(GOOD(LOAD, "--log-level", "debug"));
    assert_true(log_on(LOG_DEBUG));
    options_setup_log(GOOD(LOAD, "--log-level", "debug", "--quiet"));
    assert_false(log_on(LOG_INFO));
    assert_true(log_on(LOG_WARN));
    options_setup_log(GOOD(LOAD, "--log-level", "error", "--quiet"));
    assert_false(log_on(LOG_WARN));
    assert_true(log_on(LOG_ERROR));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_precedence),
        TEST(test_sections),
        TEST(test_flags),
        TEST(test_every_source_is_judged),
        TEST(test_words_and_tables),
        TEST(test_help_and_version_judge_nothing),
        TEST(test_full_is_since_all),
        TEST(test_what_belongs_together),
        TEST(test_log_set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
