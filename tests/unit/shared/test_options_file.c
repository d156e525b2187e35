#include "shared/base/buf.h"
#include "shared/log/redact.h"
#include "tests/unit/shared/options_fixture.h"

static void bad(const char *text, const char *message)
{
    fixture_file("netty.conf", text);
    fixture_bad(PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG, message);
}

static void test_a_whole_file(void **state)
{
    (void)state;
    fixture_file("netty.conf", "\xef\xbb\xbf# settings\n"
                               "; more\n"
                               "\n"
                               "spool = /var/spool/my data  \r\n"
                               "base-url=http://127.0.0.1:1/a;b#c?d=e : f ; g\n"
                               "limit\t:\t50\n"
                               "api-key-file = /etc/netty/key\n"
                               "tables = contacts, tasks\n"
                               "batch-rows = of another program\n"
                               "[load]\n"
                               "limit = of another program\n"
                               "[extract]\n"
                               "\trate = 2\n"
                               "[spool]\n"
                               "[extract]\n"
                               "jobs = 3"); /* no line end */
    const struct options *o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_string_equal(options_text(o, OPT_SPOOL), "/var/spool/my data");
    assert_string_equal(options_text(o, OPT_BASE_URL), "http://127.0.0.1:1/a;b#c?d=e : f ; g");
    assert_int_equal(options_int(o, OPT_LIMIT), 50);
    assert_string_equal(options_text(o, OPT_API_KEY_FILE), "/etc/netty/key");
    assert_string_equal(options_text(o, OPT_TABLES), "contacts, tasks");
    assert_int_equal(options_int(o, OPT_RATE), 2);
    assert_string_equal(options_origin(o, OPT_RATE), "netty.conf:13");
    assert_int_equal(options_int(o, OPT_JOBS), 3);
    assert_string_equal(options_origin(o, OPT_JOBS), "netty.conf:16");
}

static void test_malformed(void **state)
{
    (void)state;
    const char *line =
        "netty.conf:2: must be `name = value`, a [section], or a comment that begins with #";
    const char *section =
        "netty.conf:2: a section must be [extract], [load], [spool] or [account NAME]";
    bad("rate = 2\nlimit\n", line);
    bad("rate = 2\nlimit 50\nthis too\n", line);
    bad("rate = 2\n[extract\n", section);
    bad("rate = 2\n[extract] limit = 50\n", section);
    bad("rate = 2\n[extract] # mine\n", section);
    bad("rate = 2\n[Extract]\n", section);
    bad("rate = 2\n[ extract ]\n", section);
    bad("rate = 2\n[]\n", section);
    bad("rate = 2\n  [loader]\n", section);
    bad("rate = 2\npage-size =\n", "netty.conf:2: page-size '' must not be empty");
    bad("page-size = 50 # half\n",
        "netty.conf:1: page-size '50 # half' must be a whole number, from 10 to 100");
    bad("limit = 50\n  60\n", line); /* no continued lines */
    bad("rate = 2\n[ignored]\nspool = y\n", section);
}

static void test_unknown(void **state)
{
    (void)state;
    bad("page-sise = 50\n", "netty.conf:1: unknown setting 'page-sise' (did you mean page-size?)");
    bad("\n\nwhatever = 50\n", "netty.conf:3: unknown setting 'whatever'");
    bad("[load]\nwhatever = 50\n", "netty.conf:2: unknown setting 'whatever'");
    bad("tabels = x\n", "netty.conf:1: unknown setting 'tabels' (did you mean tables?)");
    bad("= 50\n", "netty.conf:1: unknown setting ''");
    bad("api-key = hunter22\n", "netty.conf:1: unknown setting 'api-key'");
    bad("--limit = 50\n", "netty.conf:1: unknown setting '--limit'");
}

static void test_repeated(void **state)
{
    (void)state;
    bad("rate = 2\nlimit = 50\nrate = 2\n", "netty.conf:3: rate is repeated in its section");
    bad("[extract]\nrate = 2\n[load]\n[extract]\nrate = 3\n",
        "netty.conf:5: rate is repeated in its section");
    bad("[load]\nbatch-rows = 2\nbatch-rows = 3\n",
        "netty.conf:3: batch-rows is repeated in its section");
}

static void test_for_the_command_line_only(void **state)
{
    (void)state;
    bad("replay = yes\n",
        "netty.conf:1: replay can only be given on the command line, as --replay");
    bad("full = yes\n", "netty.conf:1: full can only be given on the command line, as --full");
    bad("help = yes\n", "netty.conf:1: help can only be given on the command line, as --help");
    bad("config = x\n", "netty.conf:1: config cannot be set in the file that it names");
}

static void test_values_are_judged(void **state)
{
    (void)state;
    bad("[extract]\npage-size = 500\n",
        "netty.conf:2: page-size '500' must be a whole number, from 10 to 100");
    bad("log-level = loud\n",
        "netty.conf:1: log-level 'loud' must be one of debug|info|warn|error");
}

static void test_lines_of_any_length(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1 << 20);
    assert_int_equal(buf_adds(&b, "spool = "), OK);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(buf_addc(&b, 'x'), OK);
    assert_int_equal(buf_adds(&b, "\nrate = 2\n"), OK);
    fixture_file("netty.conf", b.data);
    const struct options *o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_int_equal(strlen(options_text(o, OPT_SPOOL)), 5000);
    assert_string_equal(options_origin(o, OPT_RATE), "netty.conf:2");
    buf_truncate(&b, 5000);
    for (int i = 0; i < 5000; i++)
        assert_int_equal(buf_addc(&b, 'x'), OK);
    bad(b.data, "netty.conf:1: the line is too long");
    buf_free(&b);
}

static void test_not_text(void **state)
{
    (void)state;
    FILE *f = fopen("netty.conf", "w");
    assert_non_null(f);
    assert_int_equal(fwrite("limit = 50\0\n", 1, 12, f), 12);
    assert_int_equal(fclose(f), 0);
    fixture_bad(PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG, "netty.conf is not a text file");
}

static void test_which_file(void **state)
{
    (void)state;
    fixture_file("netty.conf", "rate = 2\n");
    fixture_file("other.conf", "rate = 7\n");
    const struct options *o = GOOD(EXTRACT, "--config", "other.conf");
    assert_int_equal(options_int(o, OPT_RATE), 7);
    assert_string_equal(options_origin(o, OPT_RATE), "other.conf:1");
    fixture_env("NETTY_CONFIG", "other.conf");
    assert_int_equal(options_int(fixture_good(PROGRAM_EXTRACT, NO_WORDS), OPT_RATE), 7);
    assert_int_equal(options_int(GOOD(EXTRACT, "--config=netty.conf"), OPT_RATE), 2);
    fixture_env("NETTY_CONFIG", "nowhere.conf");
    fixture_bad(PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG,
                "NETTY_CONFIG: cannot open nowhere.conf: No such file or directory");
    fixture_bad(PROGRAM_EXTRACT, WORDS("--config=other.conf/x"), ERR_CONFIG,
                "--config: cannot open other.conf/x: Not a directory");
    assert_int_equal(unsetenv("NETTY_CONFIG"), 0);
    assert_int_equal(unlink("netty.conf"), 0);
    assert_int_equal(options_int(fixture_good(PROGRAM_EXTRACT, NO_WORDS), OPT_RATE), 3);
    fixture_file("netty.conf", "");
    assert_int_equal(options_int(fixture_good(PROGRAM_EXTRACT, NO_WORDS), OPT_RATE), 3);
}

static void test_password_in_the_file(void **state)
{
    (void)state;
    struct buf b;
    fixture_file("netty.conf", "[load]\ndb = host=h password=hunter22 ; 'x'\n");
    const struct options *o = fixture_good(PROGRAM_LOAD, NO_WORDS);
    assert_string_equal(options_text(o, OPT_DB), "host=h password=hunter22 ; 'x'");
    buf_init(&b, 1000);
    assert_int_equal(buf_adds(&b, "hunter22"), OK);
    assert_int_equal(redact_text(&b), OK);
    assert_string_equal(b.data, "***");
    buf_free(&b);
    fixture_file("netty.conf", "db =\n");
    fixture_bad(PROGRAM_LOAD, NO_WORDS, ERR_CONFIG, "netty.conf:1: db must not be empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_whole_file),
        TEST(test_malformed),
        TEST(test_unknown),
        TEST(test_repeated),
        TEST(test_for_the_command_line_only),
        TEST(test_values_are_judged),
        TEST(test_lines_of_any_length),
        TEST(test_not_text),
        TEST(test_which_file),
        TEST(test_password_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
