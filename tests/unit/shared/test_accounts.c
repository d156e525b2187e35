#include "shared/options/accounts.h"
#include "tests/unit/shared/options_fixture.h"

#define SECTIONS                                                                                   \
    "rate = 2\n"                                                                                   \
    "spool = /var/spool/netty/\n"                                                                  \
    "[account paris]\n"                                                                            \
    "schema = paris\n"                                                                             \
    "tables = contacts, users\n"                                                                   \
    "[extract]\n"                                                                                  \
    "rate = 5\n"                                                                                   \
    "[account lyon]\n"                                                                             \
    "rate = 7\n"                                                                                   \
    "api-key-file = /etc/netty/lyon\n"                                                             \
    "batch-rows = 50\n"                                                                            \
    "[account nice_0-1]\n"

static void bad(const char *text, const char *message)
{
    fixture_file("netty.conf", text);
    fixture_bad(PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG, message);
}

static void test_who_goes_before_whom(void **state)
{
    (void)state;
    fixture_file("netty.conf", SECTIONS);
    fixture_env("NETTY_RATE", "6");
    const struct options *o = GOOD(EXTRACT, "--account", "lyon");
    assert_string_equal(options_account(o), "lyon");
    assert_int_equal(options_int(o, OPT_RATE), 7); /* before the environment */
    assert_string_equal(options_origin(o, OPT_RATE), "netty.conf:9");
    assert_true(options_own(o, OPT_API_KEY_FILE));
    assert_false(options_own(o, OPT_LIMIT));
    assert_string_equal(options_text(o, OPT_SPOOL), "/var/spool/netty/lyon");
    assert_string_equal(options_accounts_folder(o), "/var/spool/netty/");
    o = GOOD(EXTRACT, "--account=paris"); /* which has none of its own */
    assert_int_equal(options_int(o, OPT_RATE), 6);
    o = GOOD(EXTRACT, "--account", "lyon", "--rate", "8", "--spool", "here");
    assert_int_equal(options_int(o, OPT_RATE), 8);
    assert_string_equal(options_text(o, OPT_SPOOL), "here/lyon");
    fixture_env("NETTY_ACCOUNT", "paris");
    o = fixture_good(PROGRAM_LOAD, NO_WORDS);
    assert_string_equal(options_account(o), "paris");
    assert_string_equal(options_text(o, OPT_SCHEMA), "paris");
    assert_int_equal(options_int(GOOD(LOAD, "--account", "lyon"), OPT_BATCH_ROWS), 50);
}

static void test_its_tables(void **state)
{
    (void)state;
    const char *const *tables = NULL;
    size_t n = 0;
    fixture_file("netty.conf", SECTIONS);
    const struct options *o = GOOD(EXTRACT, "--account", "paris");
    assert_int_equal(options_tables(o, &tables, &n, NULL), OK);
    assert_int_equal(n, 2);
    assert_string_equal(tables[1], "users");
}

static void test_all_of_them(void **state)
{
    (void)state;
    struct options *own = NULL;
    struct err e = ERR_INIT;
    fixture_file("netty.conf", SECTIONS);
    const struct options *o = fixture_good(PROGRAM_EXTRACT, NO_WORDS);
    assert_null(options_account(o));
    assert_int_equal(options_int(o, OPT_RATE), 5);
    assert_int_equal(options_accounts(o), 3);
    assert_string_equal(options_account_name(o, 0), "lyon");
    assert_string_equal(options_account_name(o, 1), "nice_0-1");
    assert_string_equal(options_account_name(o, 2), "paris");
    assert_string_equal(options_account_text(o, 0, OPT_API_KEY_FILE), "/etc/netty/lyon");
    assert_null(options_account_text(o, 2, OPT_API_KEY_FILE));
    assert_string_equal(options_account_setting(o, 2, OPT_SCHEMA),
                        "paris"); /* of another program */
    assert_null(options_account_setting(o, 0, OPT_SPOOL));
    assert_int_equal(options_for_account(&own, o, 0, &e), OK);
    assert_string_equal(options_account(own), "lyon");
    assert_int_equal(options_int(own, OPT_RATE), 7);
    assert_int_equal(options_accounts(own), 0);
    options_free(own);
    o = GOOD(EXTRACT, "--account", "lyon"); /* the others can still be asked */
    assert_int_equal(options_accounts(o), 3);
    assert_int_equal(options_for_account(&own, o, 2, &e), OK);
    assert_string_equal(options_text(own, OPT_SPOOL), "/var/spool/netty/paris");
    assert_int_equal(options_int(own, OPT_RATE), 5);
    options_free(own);
}

static void test_its_database(void **state)
{
    (void)state;
    fixture_file("address", "host=of-a-file\n");
    fixture_file("netty.conf", "[account lyon]\ndb-file = address\n[account paris]\ndb = "
                               "host=of-its-own\n[account nice]\ndb = host=a\ndb-file = address\n");
    fixture_env("DATABASE_URL", "host=of-all");
    assert_string_equal(options_text(GOOD(LOAD, "--account", "lyon"), OPT_DB), "host=of-a-file");
    assert_string_equal(options_text(GOOD(LOAD, "--account", "paris"), OPT_DB), "host=of-its-own");
    fixture_bad(PROGRAM_LOAD, WORDS("--account", "nice"), ERR_CONFIG,
                "netty.conf:6 and netty.conf:7 are both set: leave one of them out");
    (void)unlink("address");
}

static void test_names(void **state)
{
    (void)state;
    const char *letters = "netty.conf:2: an account's name is made of a-z, 0-9, _ and -";
    const char *section =
        "netty.conf:2: a section must be [extract], [load], [spool] or [account NAME]";
    bad("rate = 2\n[account Lyon]\n", letters);
    bad("rate = 2\n[account  lyon]\n", letters);
    bad("rate = 2\n[account ../lyon]\n", letters);
    bad("rate = 2\n[account lyon paris]\n", letters);
    bad("rate = 2\n[account ]\n", "netty.conf:2: an account's name has 1 to 40 letters");
    bad("rate = 2\n[account aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n",
        "netty.conf:2: an account's name has 1 to 40 letters");
    bad("rate = 2\n[account]\n", section);
    bad("rate = 2\n[accountlyon]\n", section);
    bad("rate = 2\n[account lyon] # mine\n", section);
    bad("[account lyon]\n[spool]\n[account lyon]\n",
        "netty.conf:3: [account lyon] is there twice, at netty.conf:1 too");
}

static void test_longest_name(void **state)
{
    (void)state;
    fixture_file("netty.conf", "[account aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\nrate = 4\n");
    const struct options *o =
        GOOD(EXTRACT, "--account", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(options_int(o, OPT_RATE), 4);
}

static void test_settings_are_judged_whichever_is_asked_for(void **state)
{
    (void)state;
    bad("[account lyon]\nrat = 5\n", "netty.conf:2: unknown setting 'rat' (did you mean rate?)");
    bad("[account lyon]\nrate = much\n",
        "netty.conf:2: rate 'much' must be a whole number, from 0 to 10000");
    bad("[account lyon]\nrate = 1\nrate = 2\n", "netty.conf:3: rate is repeated in its section");
    bad("[account lyon]\nspool = x\n",
        "netty.conf:2: spool is none of an account's, whose spool is a folder of its name: set it "
        "above the sections");
    bad("[account lyon]\njobs = 4\n",
        "netty.conf:2: jobs is none of an account's: set it above the sections");
    bad("[account lyon]\naccount = paris\n",
        "netty.conf:2: account cannot be set in the file that has the accounts");
    bad("account = lyon\n[account lyon]\n",
        "netty.conf:1: account cannot be set in the file that has the accounts");
    bad("[account lyon]\nfull = yes\n",
        "netty.conf:2: full can only be given on the command line, as --full");
    fixture_file("netty.conf", "[account lyon]\nrate = 1\nrate\n");
    fixture_bad(
        PROGRAM_EXTRACT, NO_WORDS, ERR_CONFIG,
        "netty.conf:3: must be `name = value`, a [section], or a comment that begins with #");
    /* What is another program's is judged by that one. */
    fixture_file("netty.conf", "[account lyon]\nbatch-rows = many\n");
    (void)fixture_good(PROGRAM_EXTRACT, NO_WORDS);
}

/* The message has the file's whole name, which is the test's own. */
static void unknown(char **argv, enum err_code code, const char *end)
{
    char message[400];
    char *whole = realpath("netty.conf", NULL);
    (void)snprintf(message, sizeof message, "%s '%s': %s has no section [account %s]%s",
                   code == ERR_USAGE ? "--account" : "NETTY_ACCOUNT", "lyom", whole, "lyom", end);
    free(whole);
    fixture_bad(PROGRAM_SPOOL, argv, code, message);
}

static void test_unknown(void **state)
{
    (void)state;
    fixture_file("netty.conf", SECTIONS);
    unknown(WORDS("--account", "lyom"), ERR_USAGE, "; did you mean lyon?");
    fixture_file("netty.conf", "rate = 2\n");
    unknown(WORDS("--account", "lyom"), ERR_USAGE, "");
    fixture_env("NETTY_ACCOUNT", "lyom");
    unknown(NO_WORDS, ERR_CONFIG, "");
    (void)unlink("netty.conf");
    if (access("/etc/netty/netty.conf", F_OK) != 0)
        fixture_bad(PROGRAM_SPOOL, NO_WORDS, ERR_CONFIG,
                    "NETTY_ACCOUNT 'lyom': there is no configuration file that could have its "
                    "section [account lyom]; name one with --config");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_goes_before_whom),
        TEST(test_its_tables),
        TEST(test_all_of_them),
        TEST(test_its_database),
        TEST(test_names),
        TEST(test_longest_name),
        TEST(test_settings_are_judged_whichever_is_asked_for),
        TEST(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
