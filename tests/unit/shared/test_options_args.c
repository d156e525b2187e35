#include "shared/base/buf.h"
#include "shared/log/redact.h"
#include "tests/unit/shared/options_fixture.h"

static void test_both_forms(void **state)
{
    (void)state;
    const struct options *o =
        GOOD(EXTRACT, "--spool", "a b", "--limit=50", "--base-url=http://x/?a=b");
    assert_string_equal(options_text(o, OPT_SPOOL), "a b");
    assert_int_equal(options_int(o, OPT_LIMIT), 50);
    assert_string_equal(options_text(o, OPT_BASE_URL), "http://x/?a=b");
    o = GOOD(EXTRACT, "--page-size", "40"); /* what --limit is an older name of */
    assert_int_equal(options_int(o, OPT_LIMIT), 40);
    o = GOOD(EXTRACT, "--spool=--odd", "--since", "all");
    assert_string_equal(options_text(o, OPT_SPOOL), "--odd");
    o = GOOD(EXTRACT, "--spool", "-");
    assert_string_equal(options_text(o, OPT_SPOOL), "-");
}

static void test_unknown(void **state)
{
    (void)state;
    BAD(EXTRACT,
        "unknown option --page-sise (did you mean --page-size?); netty-extract --help lists them "
        "all",
        "--page-sise", "5");
    BAD(LOAD, "unknown option --limt; netty-load --help lists them all", "--limt", "5");
    BAD(EXTRACT, "unknown option --lim; netty-extract --help lists them all", "--lim", "50");
    BAD(EXTRACT, "unknown option --full-crawl; netty-extract --help lists them all",
        "--full-crawl");
    BAD(EXTRACT, "unknown option --; netty-extract --help lists them all", "--=x");
    BAD(EXTRACT,
        "unknown option --Page-size (did you mean --page-size?); netty-extract --help lists them "
        "all",
        "--Page-size=50");
    BAD(EXTRACT, "unknown option --tabels; netty-extract --help lists them all", "--tabels=x");
    BAD(EXTRACT,
        "unknown option -l: options are written in full, as in --spool; netty-extract --help lists "
        "them all",
        "-l50");
    BAD(SPOOL,
        "unknown option -: options are written in full, as in --spool; netty-spool --help lists "
        "them all",
        "-");
}

static void test_of_another_program(void **state)
{
    (void)state;
    BAD(EXTRACT,
        "--follow is an option of netty-load, not of netty-extract; netty-extract --help lists all "
        "of its",
        "--follow");
    BAD(LOAD,
        "--page-size is an option of netty-extract, not of netty-load; netty-load --help lists all "
        "of "
        "its",
        "--limit", "50");
    BAD(SPOOL,
        "--rate is an option of netty-extract, not of netty-spool; netty-spool --help lists all "
        "of its",
        "--rate=2");
}

static void test_not_for_the_command_line(void **state)
{
    (void)state;
    BAD(EXTRACT,
        "there is no --api-key, for every user of this machine can read a command line: set "
        "NETTY_API_KEY, or NETTY_API_KEY_FILE",
        "--api-key=hunter22");
    BAD(EXTRACT,
        "api-key-file cannot be given on the command line: set NETTY_API_KEY_FILE, or api-key-file "
        "in "
        "the configuration file",
        "--api-key-file", "x");
    BAD(LOAD,
        "tables cannot be given on the command line: set NETTY_TABLES, or tables in the "
        "configuration file",
        "--tables=contacts");
}

static void test_values_missing(void **state)
{
    (void)state;
    BAD(EXTRACT, "--page-size needs a value: --page-size N", "--limit");
    BAD(EXTRACT,
        "--spool needs a value: --spool DIR (write --spool=VALUE for one that begins with --)",
        "--spool", "--json");
    BAD(EXTRACT,
        "--spool needs a value: --spool DIR (write --spool=VALUE for one that begins with --)",
        "--spool", "--");
    BAD(EXTRACT, "--spool '' must not be empty", "--spool=");
    BAD(EXTRACT, "--json 'x' must be yes or no (or 1/0, true/false, on/off)", "--json=x");
}

static void redacted(const char *secret)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_adds(&b, secret), OK);
    assert_int_equal(redact_text(&b), OK);
    assert_string_equal(b.data, "***");
    buf_free(&b);
}

static void test_passwords_on_the_command_line(void **state)
{
    (void)state;
    static const char refusal[] = "--db holds a password, and every user of this machine can read "
                                  "a command line: set DATABASE_URL instead, "
                                  "or give the password in PGPASSWORD or a passfile";
    BAD(LOAD, refusal, "--db", "postgresql://netty:hunter22@h/crm");
    redacted("hunter22");
    BAD(LOAD, refusal, "--db=host=h password=hunter33");
    redacted("hunter33");
    BAD(LOAD,
        "a database address stands where a table is expected, with a password that every user of "
        "this machine can "
        "read there: set DATABASE_URL instead",
        "postgresql://netty:hunter44@h/crm");
    redacted("hunter44");
    struct err e; /* wherever else it stands, it is not shown either */
    assert_int_equal(
        fixture_read(PROGRAM_LOAD, WORDS("--dbb=postgresql://netty:hunter55@h/crm"), &e),
        ERR_USAGE);
    redacted("hunter55");
    assert_int_equal(
        fixture_read(PROGRAM_LOAD, WORDS("--batch-rows", "postgresql://n:hunter66@h/c"), &e),
        ERR_USAGE);
    redacted("hunter66");
    const struct options *o = GOOD(LOAD, "--db", "postgresql://netty@h/crm?sslmode=require");
    assert_string_equal(options_text(o, OPT_DB), "postgresql://netty@h/crm?sslmode=require");
}

static void test_passwords_in_the_environment(void **state)
{
    (void)state;
    fixture_env("DATABASE_URL", "postgresql://netty:hun%74er77@h/crm");
    fixture_env("PGPASSWORD", "hunter88");
    const struct options *o = fixture_good(PROGRAM_LOAD, NO_WORDS);
    assert_string_equal(options_text(o, OPT_DB), "postgresql://netty:hun%74er77@h/crm");
    redacted("hunter77");
    redacted("hun%74er77");
    redacted("hunter88");
    fixture_env("DATABASE_URL", "");
    fixture_bad(PROGRAM_LOAD, NO_WORDS, ERR_CONFIG, "DATABASE_URL must not be empty");
    fixture_env("DATABASE_URL", "host=h\npassword=hunter99");
    fixture_bad(PROGRAM_LOAD, NO_WORDS, ERR_CONFIG,
                "DATABASE_URL must not contain control characters such as line ends");
    redacted("hunter99");
    (void)fixture_good(PROGRAM_EXTRACT, NO_WORDS); /* not its concern */
    assert_int_equal(unsetenv("PGPASSWORD"), 0);
}

static void test_environment(void **state)
{
    (void)state;
    fixture_env("NETTY_LIMIT", "200");
    fixture_bad(PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG,
                "NETTY_LIMIT '200' must be a whole number, from 10 to 100");
    (void)fixture_good(PROGRAM_LOAD, NO_WORDS); /* another program's is not judged */
    fixture_env("NETTY_LIMIT", "");
    fixture_bad(PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG, "NETTY_LIMIT '' must not be empty");
    fixture_env("NETTY_LIMIT", "20");
    const struct options *o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(options_int(o, OPT_LIMIT), 20);
    assert_string_equal(options_origin(o, OPT_LIMIT), "NETTY_LIMIT");
}

static void test_slips_in_the_environment(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *message; /* NULL: left alone */
    } cases[] = {
        {"NETTY_LIMTI", "unknown environment variable NETTY_LIMTI (did you mean NETTY_LIMIT?)"},
        {"NETTY_API_KEYS",
         "unknown environment variable NETTY_API_KEYS (did you mean NETTY_API_KEY?)"},
        {"NETTY_APIKEY", "unknown environment variable NETTY_APIKEY (did you mean NETTY_API_KEY?)"},
        {"NETTY_API_KEY", NULL},
        {"NETTY_API_KEY_FILE", NULL},
        {"NETTY_LISTEN_TOKEN", NULL},
        {"NETTY_SOMETHING_ELSE", NULL},
        {"NETTY_", NULL},
        {"NETY_LIMIT", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture_env(cases[i].name, "hunter22");
        if (cases[i].message != NULL)
            fixture_bad(PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG, cases[i].message);
        else
            (void)fixture_good(PROGRAM_EXTRACT, NO_WORDS);
        assert_int_equal(unsetenv(cases[i].name), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_both_forms),
        TEST(test_unknown),
        TEST(test_of_another_program),
        TEST(test_not_for_the_command_line),
        TEST(test_values_missing),
        TEST(test_passwords_on_the_command_line),
        TEST(test_passwords_in_the_environment),
        TEST(test_environment),
        TEST(test_slips_in_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
