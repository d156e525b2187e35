#include "shared/base/buf.h"
#include "shared/log/redact.h"
#include "tests/unit/shared/options_fixture.h"

#define ADDRESS "postgresql://netty:pass-word-1@h/crm"

static const struct options *good(void)
{
    static char *argv[] = {"x", NULL};
    return fixture_good(PROGRAM_LOAD, argv);
}

static void bad(enum err_code code, const char *part)
{
    static char *argv[] = {"x", NULL};
    struct err e;
    assert_int_equal(fixture_read(PROGRAM_LOAD, argv, &e), code);
    if (strstr(e.msg, part) == NULL)
        fail_msg("no '%s' in: %s", part, e.msg);
    assert_null(strstr(e.msg, "pass-word-1"));
}

static void test_the_first_line_is_the_address(void **state)
{
    (void)state;
    fixture_file("other.conf", ADDRESS "\n# and a note\n");
    fixture_env("DATABASE_URL_FILE", "other.conf");
    const struct options *o = good();
    assert_string_equal(options_text(o, OPT_DB), ADDRESS);
    assert_string_equal(options_origin(o, OPT_DB), "DATABASE_URL_FILE");
}

static void test_its_password_is_redacted(void **state)
{
    (void)state;
    struct buf text;
    fixture_file("other.conf", ADDRESS "\n");
    fixture_env("DATABASE_URL_FILE", "other.conf");
    (void)good();
    buf_init(&text, 1000);
    assert_int_equal(buf_adds(&text, "the password is pass-word-1"), OK);
    assert_int_equal(redact_text(&text), OK);
    assert_null(strstr(text.data, "pass-word-1"));
    buf_free(&text);
}

static void test_a_key_of_the_file(void **state)
{
    (void)state;
    fixture_file("other.conf", ADDRESS "\n");
    fixture_file("netty.conf", "[load]\ndb-file = other.conf\n");
    assert_string_equal(options_text(good(), OPT_DB), ADDRESS);
}

static void test_a_higher_source_goes_before(void **state)
{
    (void)state;
    struct err e;
    static char *with_db[] = {"x", "--db", "host=elsewhere", NULL};
    fixture_file("netty.conf", "db = host=in-the-file\n");
    fixture_file("other.conf", ADDRESS "\n");
    fixture_env("DATABASE_URL_FILE", "other.conf");
    assert_string_equal(options_text(good(), OPT_DB), ADDRESS);
    assert_int_equal(fixture_read(PROGRAM_LOAD, with_db, &e), OK);
    assert_string_equal(options_text(fixture_options, OPT_DB), "host=elsewhere");
}

static void test_both_are_refused(void **state)
{
    (void)state;
    fixture_file("other.conf", ADDRESS "\n");
    fixture_env("DATABASE_URL_FILE", "other.conf");
    fixture_env("DATABASE_URL", ADDRESS);
    bad(ERR_CONFIG, "DATABASE_URL and DATABASE_URL_FILE are both set");
}

static void test_what_cannot_be_read_is_told_with_its_name(void **state)
{
    (void)state;
    fixture_env("DATABASE_URL_FILE", "other.conf");
    bad(ERR_CONFIG, "DATABASE_URL_FILE: cannot open other.conf");
    fixture_file("other.conf", "\n" ADDRESS "\n");
    bad(ERR_CONFIG, "other.conf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_first_line_is_the_address, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_its_password_is_redacted, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_key_of_the_file, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_higher_source_goes_before, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_both_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_read_is_told_with_its_name,
                                        fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
