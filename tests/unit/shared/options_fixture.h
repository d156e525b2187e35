/*
 * What the tests of the settings share: each runs in a folder of its own (so netty.conf is theirs)
 * with no setting in the environment, reads with a command line given as words, and looks at the
 * outcome.
 */
#ifndef NETTY_TESTS_UNIT_SHARED_OPTIONS_FIXTURE_H
#define NETTY_TESTS_UNIT_SHARED_OPTIONS_FIXTURE_H

#include "shared/log/log.h"
#include "shared/log/redact.h"
#include "shared/options/options.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char fixture_dir[200];
static struct options *fixture_options;

static inline int fixture_setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(fixture_dir, sizeof(fixture_dir), "%.150s/netty-options-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(fixture_dir) == NULL || chdir(fixture_dir) != 0)
        return -1;
    for (int i = 0; i < OPTIONS; i++)
        if (option_table[i].env != NULL && unsetenv(option_table[i].env) != 0)
            return -1;
    return unsetenv("PGPASSWORD");
}

static inline int fixture_teardown(void **state)
{
    (void)state;
    options_free(fixture_options);
    fixture_options = NULL;
    redact_forget();
    for (int i = 0; i < OPTIONS; i++)
        if (option_table[i].env != NULL && unsetenv(option_table[i].env) != 0)
            return -1;
    (void)unlink("netty.conf");
    (void)unlink("other.conf");
    return chdir("/") != 0 || rmdir(fixture_dir) != 0 ? -1 : 0;
}

static inline void fixture_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(name, 0600), 0); /* there may be a secret in it */
}

static inline void fixture_env(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

/* argv: the program's name, words, NULL. */
static inline enum err_code fixture_read(enum program program, char **argv, struct err *e)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    options_free(fixture_options);
    *e = ERR_INIT;
    return options_read(&fixture_options, program, argc, argv, e);
}

static inline const struct options *fixture_good(enum program program, char **argv)
{
    struct err e;
    if (fixture_read(program, argv, &e) != OK)
        fail_msg("%s", e.msg);
    return fixture_options;
}

static inline void fixture_bad(enum program program, char **argv, enum err_code code,
                               const char *message)
{
    struct err e;
    enum err_code rc = fixture_read(program, argv, &e);
    assert_null(fixture_options);
    if (rc != code || e.code != code || strcmp(e.msg, message) != 0)
        fail_msg("got %d: %s\nnot %d: %s", (int)rc, e.msg, (int)code, message);
}

#define WORDS(...)         ((char *[]){"program", __VA_ARGS__, NULL})
#define NO_WORDS           ((char *[]){"program", NULL})
#define GOOD(program, ...) fixture_good(PROGRAM_##program, WORDS(__VA_ARGS__))
#define BAD(program, message, ...)                                                                 \
    fixture_bad(PROGRAM_##program, WORDS(__VA_ARGS__), ERR_USAGE, message)
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
