#include "shared/options/options_private.h"
#include "tests/unit/shared/options_fixture.h"
#include <ctype.h>

static void test_order_and_names(void **state)
{
    (void)state;
    char env[64];
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        assert_int_equal(d->id, i);
        assert_non_null(d->name);
        assert_ptr_equal(option_named(d->name, strlen(d->name)), d); /* so no name stands twice */
        assert_true(strspn(d->name, "abcdefghijklmnopqrstuvwxyz-") == strlen(d->name));
        assert_int_not_equal(d->programs, 0);
        if (d->env == NULL || d->id == OPT_DB || d->id == OPT_DB_FILE)
            continue;
        int n = snprintf(env, sizeof(env), "NETTY_%s", d->also != NULL ? d->also : d->name);
        for (int k = 0; k < n; k++)
            env[k] = env[k] == '-' ? '_' : (char)toupper((unsigned char)env[k]);
        assert_string_equal(d->env, env);
    }
    assert_string_equal(option_table[OPT_DB].env, "DATABASE_URL");
    assert_string_equal(option_table[OPT_DB_FILE].env, "DATABASE_URL_FILE");
}

static void test_parts_fit_the_type(void **state)
{
    (void)state;
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        assert_int_equal(d->arg == NULL, d->type == OPTION_FLAG);
        assert_int_equal(d->choices != NULL, d->type == OPTION_CHOICE || d->id == OPT_SINCE);
        if (d->type == OPTION_CHOICE)
            assert_non_null(d->standard);
        assert_true(d->max == 0 || d->min < d->max);
        if ((d->marks & OPTION_NO_SWITCH) != 0)
            assert_non_null(d->env);
    }
}

/* Whole sentences, for --help and the man pages; an example that works. */
static void test_help_and_examples(void **state)
{
    (void)state;
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_def *d = &option_table[i];
        size_t n = strlen(d->help);
        assert_true(n > 10 && isupper((unsigned char)d->help[0]) && d->help[n - 1] == '.');
        assert_int_equal(d->example == NULL, d->type == OPTION_FLAG);
        if (d->example != NULL)
            assert_non_null(strstr(d->example, d->name));
    }
}

static void test_without_an_environment_name(void **state)
{
    (void)state;
    static const char *const names[] = {
        "since",        "full",    "reconcile", "follow",   "replay",     "from",     "to",
        "segment",      "redrive", "dry-run",   "catalog",  "check",      "json",     "help",
        "version",      "loaded",  "forget",    "id",       "older-than", "to-file",  "from-file",
        "html",         "merge",   "suggest",   "rewrite",  "rebind",     "database", "enlist",
        "dismiss",      "reason",  "restart",   "cancel",   "share",      "misfits",  "apply",
        "with-deleted", "rebuild", "adopt",     "take-over"};
    for (int i = 0; i < OPTIONS; i++) {
        bool listed = false;
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
            listed |= strcmp(option_table[i].name, names[k]) == 0;
        assert_int_equal(listed, option_table[i].env == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_names),
        cmocka_unit_test(test_parts_fit_the_type),
        cmocka_unit_test(test_help_and_examples),
        cmocka_unit_test(test_without_an_environment_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
