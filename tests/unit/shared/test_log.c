#include "shared/base/buf.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include "tests/unit/shared/redact_cases.h"
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A datagram socket keeps writes apart: what one recv gives is what one write(2) wrote. */
static int ends[2];
static char line[1 << 20];

static int setup(void **state)
{
    (void)state;
    int room = 1 << 20; /* as far as the system allows: twice the longest line is the usual limit */
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0 ||
        setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) != 0)
        return -1;
    log_to(ends[1]);
    log_setup("netty-test", LOG_TEXT, LOG_INFO);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    redact_forget();
    log_to(STDERR_FILENO);
    return close(ends[0]) + close(ends[1]);
}

static const char *next_line(void)
{
    ssize_t n = recv(ends[0], line, sizeof line - 1, MSG_DONTWAIT);
    line[n > 0 ? n : 0] = '\0';
    return line;
}

/* The text line from its level on: the time before it has a test of its own. */
static const char *next_text(void)
{
    const char *blank = strchr(next_line(), ' ');
    return blank == NULL ? "" : blank + 1;
}

static void check_match(const char *text, const char *pattern)
{
    regex_t regex;
    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int rc = regexec(&regex, text, 0, NULL, 0);
    regfree(&regex);
    if (rc != 0)
        fail_msg("'%s' does not match %s", text, pattern);
}

/* The line as a JSON object; the caller frees it. */
static yajl_val next_json(void)
{
    char reason[256];
    yajl_val v = yajl_tree_parse(next_line(), reason, sizeof reason);
    if (v == NULL || !YAJL_IS_OBJECT(v))
        fail_msg("%.300s: %s", line, reason);
    return v;
}

static void check_member(const char *msg, const char *member, const char *want)
{
    yajl_val v = next_json();
    const char *path[] = {member, NULL};
    const char *got = YAJL_GET_STRING(yajl_tree_get(v, path, yajl_t_string));
    if (got == NULL || strcmp(got, want) != 0)
        fail_msg("%s: '%s' instead of '%s'", msg, got == NULL ? "nothing" : got, want);
    yajl_tree_free(v);
}

#define STAMP "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}"

static void test_text_is_in_local_time(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "XXX-5:30", 1), 0);
    tzset();
    LOG0(LOG_INFO, "page", "page fetched");
    check_match(next_line(), STAMP "\\+05:30 info  page fetched\n$");
    assert_int_equal(setenv("TZ", "YYY3", 1), 0);
    tzset();
    LOG0(LOG_ERROR, "page", "page fetched");
    check_match(next_line(), STAMP "-03:00 error page fetched\n$");
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
}

static void test_json_is_stable(void **state)
{
    (void)state;
    log_setup("netty-test", LOG_JSON, LOG_INFO);
    LOG(LOG_WARN, "page", "page fetched", F_STR("table", "contacts"), F_INT("records", 100),
        F_REAL("rate", 0.5), F_STR("none", NULL));
    check_match(next_line(),
                "^\\{\"time\":\"[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z\",\"level\":\"warn\","
                "\"program\":\"netty-test\",\"event\":\"page\",\"msg\":\"page fetched\","
                "\"table\":\"contacts\",\"records\":100,\"rate\":0.5,\"none\":\"\"\\}\n$");
}

static void test_json_numbers(void **state)
{
    (void)state;
    log_setup(NULL, LOG_JSON, LOG_INFO);
    LOG(LOG_INFO, "e", "m", F_REAL("a", (double)INFINITY), F_REAL("b", (double)NAN),
        F_INT("c", INT64_MIN), F_REAL("d", 123456.789));
    check_match(next_line(),
                "\"a\":null,\"b\":null,\"c\":-9223372036854775808,\"d\":123456.789\\}\n$");
    assert_null(strstr(line, "program"));
}

/* In seconds everywhere; in the unit of before, too, where machines may have been told of that. */
static void test_durations(void **state)
{
    (void)state;
    log_setup(NULL, LOG_JSON, LOG_INFO);
    LOG(LOG_INFO, "e", "m", F_SECONDS("seconds", 90000000),
        F_SECONDS_AND_MS("wait_seconds", "wait_ms", 5312999), F_SECONDS("left_seconds", -1000000));
    check_match(next_line(), "\"m\",\"seconds\":90.000,\"wait_seconds\":5.312,\"wait_ms\":5312,"
                             "\"left_seconds\":-1.000\\}\n$");
    log_setup("p", LOG_TEXT, LOG_INFO);
    LOG(LOG_INFO, "e", "m", F_SECONDS_AND_MS("seconds", "ms", 999), F_INT("n", 1));
    assert_string_equal(next_text(), "info  m seconds=0.000 ms=0 n=1\n");
    log_setup("p", LOG_TERMINAL, LOG_INFO);
    LOG(LOG_INFO, "e", "m", F_SECONDS_AND_MS("seconds", "ms", 213417), F_INT("n", 1));
    assert_string_equal(next_line(), "p: m (seconds=0.213, n=1)\n");
}

static void test_text_values(void **state)
{
    (void)state;
    LOG(LOG_INFO, "e", "it's \"so\": a=b", F_STR("plain", "a-b/c"), F_STR("blank", "a b"),
        F_STR("empty", ""), F_STR("null", NULL), F_STR("equals", "a=b"), F_STR("quote", "a\"b"),
        F_STR("accent", "\xc3\xa9"), F_INT("n", -3), F_REAL("r", 0.25));
    assert_string_equal(next_text(),
                        "info  it's \"so\": a=b plain=a-b/c blank=\"a b\" empty=\"\" null=\"\" "
                        "equals=\"a=b\" quote=\"a\\\"b\" accent=\xc3\xa9 n=-3 r=0.25\n");
}

/* Nobody forges a second line or drives a terminal through a message or a value. */
static void test_control_characters(void **state)
{
    (void)state;
    static const char evil[] = "a\r\n2026 error forged\x1b[2J\xc2\x9b\xff";
    struct err e = ERR_INIT;
    (void)err_set(&e, ERR_DATA, "%s", evil);
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        log_setup("p", (enum log_format)format, LOG_INFO);
        LOG(LOG_INFO, "e", evil, F_ERR(&e));
        const char *got = next_line();
        for (const char *p = got; *p != '\0'; p++)
            assert_true((unsigned char)*p >= 0x20 || (*p == '\n' && p[1] == '\0'));
        assert_null(strstr(got, "\xc2\x9b"));
        assert_null(strstr(got, "\xff"));
        assert_non_null(strstr(got, "a\\r\\n2026 error forged\\u001b[2J"));
    }
}

static void test_level_decides(void **state)
{
    (void)state;
    log_setup("p", LOG_TEXT, LOG_WARN);
    assert_false(log_on(LOG_DEBUG));
    assert_false(log_on(LOG_INFO));
    assert_true(log_on(LOG_WARN));
    assert_true(log_on(LOG_ERROR));
    LOG0(LOG_INFO, "e", "hidden");
    assert_string_equal(next_line(), "");
    LOG0(LOG_WARN, "e", "shown");
    assert_string_equal(next_text(), "warn  shown\n");
}

static void check_redacted(const char *text, const char *want)
{
    log_setup("p", LOG_JSON, LOG_INFO);
    LOG0(LOG_INFO, "e", text);
    check_member("message", "msg", want);
    LOG(LOG_INFO, "e", "m", F_STR("v", text));
    check_member("field", "v", want);
}

static void test_secrets_plain_and_encoded(void **state)
{
    (void)state;
    redact_secret(REDACT_SECRET);
    for (size_t i = 0; i < sizeof redact_cases / sizeof *redact_cases; i++)
        check_redacted(redact_cases[i].text, redact_cases[i].want);
}

/* An error's message has an end of its own, and the secret may lie across it. */
static void test_a_secret_at_the_end_of_a_message(void **state)
{
    (void)state;
    char text[2000];
    static const char secret[] = "0123456789abcdef";
    redact_secret(secret);
    log_setup("p", LOG_TEXT, LOG_INFO);
    for (size_t lead = 1000; lead < 1016; lead++) {
        struct err e = ERR_INIT;
        memset(text, '.', lead);
        memcpy(text + lead, secret, sizeof secret);
        (void)err_set(&e, ERR_DATA, "%s", text);
        LOG(LOG_INFO, "e", "m", F_ERR(&e));
        assert_null(strstr(next_line(), "01234567"));
    }
}

/* Much too much to say: the line stays one line, whole and bounded. */
static void test_lines_are_bounded(void **state)
{
    (void)state;
    static char much[300000];
    struct log_field fields[60];
    memset(much, '\x01', sizeof much - 1);
    for (size_t i = 0; i < 60; i++)
        fields[i] = F_STR("f", much);
    log_setup("p", LOG_JSON, LOG_INFO);
    log_event(LOG_INFO, "e", much, fields, 60);
    yajl_val v = next_json();
    assert_true(strlen(line) <= 256 << 10);
    assert_true(YAJL_GET_OBJECT(v)->len > 5); /* some of the fields are there */
    yajl_tree_free(v);
    log_setup("p", LOG_TEXT, LOG_INFO);
    log_event(LOG_INFO, "e", much, fields, 60);
    assert_true(strlen(next_line()) <= 256 << 10);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

static void test_a_closed_descriptor_is_survived(void **state)
{
    (void)state;
    log_to(-1);
    LOG0(LOG_ERROR, "e", "m");
    log_to(ends[1]);
    assert_string_equal(next_line(), "");
}

/* What happened, where, why: no time, no level, no counts beside an error. */
static void test_a_terminal_gets_messages(void **state)
{
    (void)state;
    log_setup("netty-test", LOG_TERMINAL, LOG_INFO);
    LOG(LOG_INFO, "page", "page fetched", F_STR("table", "contacts"), F_INT("records", 100));
    assert_string_equal(next_line(), "netty-test: page fetched (table=contacts, records=100)\n");
    LOG0(LOG_INFO, "pause", "the API is left alone");
    assert_string_equal(next_line(), "netty-test: the API is left alone\n");
    LOG(LOG_ERROR, "table", "not loaded to its end", F_STR("table", "contacts"), F_INT("rows", 3),
        F_STR("error", "no such column: see netty-load doctor"), F_STR("sqlstate", ""));
    assert_string_equal(
        next_line(),
        "netty-test: not loaded to its end: contacts: no such column: see netty-load doctor\n");
    LOG(LOG_WARN, "clock", "the clocks differ", F_STR("error", "35 days"));
    assert_string_equal(next_line(), "netty-test: warning: the clocks differ: 35 days\n");
    LOG(LOG_WARN, "clock", "the clocks differ", F_INT("seconds", 35));
    assert_string_equal(next_line(), "netty-test: warning: the clocks differ (seconds=35)\n");
    LOG(LOG_ERROR, "end", "netty-test ends", F_STR("error", "--x is unknown"));
    assert_string_equal(next_line(), "netty-test: --x is unknown\n");
    log_account("lyon");
    LOG(LOG_ERROR, "table", "not loaded", F_STR("table", "contacts"), F_STR("error", "why"));
    assert_string_equal(next_line(), "netty-test: not loaded: lyon: contacts: why\n");
    log_setup("netty-test", LOG_TEXT, LOG_INFO);
    LOG(LOG_INFO, "page", "page fetched", F_STR("table", "contacts"));
    check_match(next_line(), "page fetched account=lyon table=contacts\n$");
    log_setup("netty-test", LOG_TERMINAL, LOG_INFO);
    log_account(NULL);
    redact_secret("hunter2222");
    LOG(LOG_ERROR, "end", "netty-test ends", F_STR("error", "\x1b[31m hunter2222\n"));
    assert_null(strstr(next_line(), "hunter"));
    assert_null(strchr(line, '\x1b'));
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_is_in_local_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_is_stable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_durations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_control_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_level_decides, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secrets_plain_and_encoded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_secret_at_the_end_of_a_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_closed_descriptor_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_terminal_gets_messages, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
