#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include "shared/log/secret.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char dir[200];
static char path[300];

static int setup(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(dir, sizeof dir, "%.150s/netty-secret-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof path, "%s/key", dir);
    return unsetenv("T_KEY") != 0 || unsetenv("T_KEY_FILE") != 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    redact_forget();
    (void)unlink(path);
    return rmdir(dir);
}

static void put_key(const char *text, size_t n)
{
    struct err e = ERR_INIT;
    assert_int_equal(io_replace(dir, "key", text, n, &e), OK);
}

static void check_redacted(const char *text)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_adds(&b, text), OK);
    assert_int_equal(redact_text(&b), OK);
    assert_string_equal(b.data, "***");
    buf_free(&b);
}

static void test_from_text(void **state)
{
    (void)state;
    struct secret *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(secret_from_text(&s, "hunter22", &e), OK);
    assert_string_equal(secret_reveal(s), "hunter22");
    secret_free(s);
    check_redacted("hunter22"); /* known to the logger for as long as the process lives */
    secret_free(NULL);
}

static void test_neither_is_no_error(void **state)
{
    (void)state;
    struct secret *s = (struct secret *)&dir;
    struct err e = ERR_INIT;
    assert_int_equal(secret_from_env(&s, "T_KEY", &e), OK);
    assert_null(s);
    assert_string_equal(e.msg, "");
}

static void test_from_the_environment(void **state)
{
    (void)state;
    struct secret *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(setenv("T_KEY", "k\xc3\xa9y of mine", 1), 0);
    assert_int_equal(secret_from_env(&s, "T_KEY", &e), OK);
    assert_string_equal(secret_reveal(s), "k\xc3\xa9y of mine");
    secret_free(s);
    check_redacted("k\xc3\xa9y of mine");
}

static void check_file(const char *text, size_t n, const char *want)
{
    struct secret *s = NULL;
    struct err e = ERR_INIT;
    put_key(text, n);
    assert_int_equal(setenv("T_KEY_FILE", path, 1), 0);
    assert_int_equal(secret_from_env(&s, "T_KEY", &e), OK);
    assert_string_equal(secret_reveal(s), want);
    secret_free(s);
    check_redacted(want);
}

static void test_from_a_file(void **state)
{
    (void)state;
    check_file("abcdef", 6, "abcdef");
    check_file("abcdefg\n", 8, "abcdefg");
    check_file("abcdefgh\r\n", 10, "abcdefgh");
    check_file("abcdefghi\nand more\n", 19, "abcdefghi");
}

/* ERR_CONFIG, with the name and without the value. */
static void check_refused(const char *value, const char *file, const char *name)
{
    struct secret *s = (struct secret *)&dir;
    struct err e = ERR_INIT;
    assert_int_equal(value == NULL ? unsetenv("T_KEY") : setenv("T_KEY", value, 1), 0);
    assert_int_equal(file == NULL ? unsetenv("T_KEY_FILE") : setenv("T_KEY_FILE", file, 1), 0);
    assert_int_equal(secret_from_env(&s, "T_KEY", &e), ERR_CONFIG);
    assert_int_equal(e.code, ERR_CONFIG);
    assert_null(s);
    assert_non_null(strstr(e.msg, name));
    assert_null(strstr(e.msg, "hush"));
}

static void test_what_is_refused(void **state)
{
    (void)state;
    check_refused("", NULL, "T_KEY");
    check_refused("hush\n", NULL, "T_KEY");
    check_refused("hu\x7fhush", NULL, "T_KEY");
    check_refused(NULL, "", "T_KEY_FILE");
    check_refused(NULL, "/nowhere/at-all", "T_KEY_FILE");
    check_refused(NULL, dir, "T_KEY_FILE");
    put_key("hush\n", 5);
    check_refused("hush", path, "T_KEY_FILE");
    put_key("\nhush", 5);
    check_refused(NULL, path, "T_KEY_FILE");
    put_key("hush\0hush\n", 10);
    check_refused(NULL, path, "T_KEY_FILE");
    put_key("hush\thush", 9);
    check_refused(NULL, path, "T_KEY_FILE");
}

static void test_a_file_too_large(void **state)
{
    (void)state;
    static char much[100000];
    memset(much, 'h', sizeof much);
    put_key(much, sizeof much);
    check_refused(NULL, path, "T_KEY_FILE");
}

static void test_a_setting_is_named(void **state)
{
    (void)state;
    struct secret *s = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(secret_from_file(&s, path, "--api-key-file", &e), ERR_CONFIG);
    assert_non_null(strstr(e.msg, "--api-key-file"));
    assert_non_null(strstr(e.msg, path));
    put_key("abcdef\n", 7);
    assert_int_equal(secret_from_file(&s, path, "--api-key-file", &e), OK);
    assert_string_equal(secret_reveal(s), "abcdef");
    secret_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_from_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_neither_is_no_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_from_the_environment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_from_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_setting_is_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
