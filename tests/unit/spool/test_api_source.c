/* A spool is of one API. */
#include "tests/unit/spool/helper.h"

#include "spool/control/api_source.h"

#define HERE "https://api.example.net/apiv1"

static void addresses_are_compared_as_what_they_mean(void **state)
{
    static const char *const pairs[][2] = {
        {"https://api.example.net/apiv1", HERE},
        {"HTTPS://API.Example.net:443/apiv1///", HERE},
        {"https://api.example.net/APIv1", "https://api.example.net/APIv1"},
        {"https://api.example.net:8443/apiv1", "https://api.example.net:8443/apiv1"},
        {"http://localhost:80", "http://localhost"},
        {"http://localhost:443/", "http://localhost:443"},
        {"https://localhost:1443", "https://localhost:1443"},
    };
    char out[API_SOURCE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_ok(api_source_normal(out, pairs[i][0], e));
        assert_string_equal(out, pairs[i][1]);
    }
    struct err err = ERR_INIT;
    char longer[API_SOURCE_MAX + 8];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(api_source_normal(out, longer, &err), ERR_TOO_BIG);
}

static void another_api_is_refused_until_told(void **state)
{
    struct fixture f;
    struct err err = ERR_INIT;
    (void)state;
    fixture_open(&f);
    assert_ok(api_source_check(f.spool, HERE, e)); /* none yet */
    assert_ok(api_source_bind(f.spool, HERE, false, e));
    assert_ok(api_source_bind(f.spool, HERE "/", false, e));
    assert_int_equal(api_source_bind(f.spool, "https://other.example.net/apiv1", false, &err),
                     ERR_CONFIG);
    assert_non_null(strstr(err.msg, HERE));
    assert_non_null(strstr(err.msg, "https://other.example.net/apiv1"));
    assert_non_null(strstr(err.msg, "--rebind"));
    assert_non_null(strstr(err.msg, "--spool"));
    assert_int_equal(api_source_check(f.spool, "https://other.example.net", &err), ERR_CONFIG);
    assert_ok(api_source_check(f.spool, HERE, e)); /* a refusal changes nothing */
    assert_ok(api_source_bind(f.spool, "https://other.example.net/apiv1", true, e));
    assert_int_equal(api_source_check(f.spool, HERE, &err), ERR_CONFIG);
    fixture_close(&f);
}

static void damage_is_refused_until_told(void **state)
{
    struct fixture f;
    struct buf text;
    struct err err = ERR_INIT;
    char path[256];
    (void)state;
    fixture_open(&f);
    assert_ok(api_source_bind(f.spool, HERE, false, e));
    (void)snprintf(path, sizeof path, "%s/" API_SOURCE_FILE, f.dir);
    read_file(path, &text);
    for (size_t i = 0; i < text.len; i++) {
        text.data[i] ^= 4;
        write_file(path, text.data, text.len);
        assert_int_equal(api_source_check(f.spool, HERE, &err), ERR_CONFIG);
        text.data[i] ^= 4;
        write_file(path, text.data, i);
        assert_int_equal(api_source_check(f.spool, HERE, &err), ERR_CONFIG);
    }
    buf_free(&text);
    assert_ok(api_source_bind(f.spool, HERE, true, e));
    assert_ok(api_source_check(f.spool, HERE, e));
    fixture_close(&f);
}

static char *file_of(const struct fixture *f, struct buf *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/" API_SOURCE_FILE, f->dir);
    read_file(path, text);
    assert_int_equal(buf_add(text, "", 1), OK);
    return text->data;
}

static void expect_key(struct fixture *f, const char *address, const char *key, bool rebind,
                       bool expected)
{
    bool other = !expected;
    assert_ok(api_source_bind_key(f->spool, address, key, rebind, &other, e));
    assert_int_equal(other, expected);
}

static void expect_in_file(const struct fixture *f, const char *key)
{
    struct buf text;
    assert_non_null(strstr(file_of(f, &text), key));
    buf_free(&text);
}

static void another_key_is_told_until_it_is_taken(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_ok(api_source_bind(f.spool, HERE, false, e)); /* as a spool of before is */
    expect_key(&f, HERE, "0000aaaa", false, false);
    expect_key(&f, HERE, "0000aaaa", false, false);
    expect_key(&f, HERE, NULL, false, false); /* asks for nothing */
    expect_key(&f, HERE, "0000bbbb", false, true);
    expect_in_file(&f, "0000aaaa");
    assert_ok(api_source_take_key(f.spool, HERE, "0000bbbb", e));
    expect_key(&f, HERE, "0000bbbb", false, false);
    expect_key(&f, HERE, "0000cccc", true, false);
    expect_key(&f, HERE, "0000bbbb", false, true);
    /* Of another address nothing is known of its keys. */
    expect_key(&f, "https://other.example.net", "0000dddd", true, false);
    expect_in_file(&f, "0000dddd");
    fixture_close(&f);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_compared_as_what_they_mean),
        cmocka_unit_test(another_api_is_refused_until_told),
        cmocka_unit_test(damage_is_refused_until_told),
        cmocka_unit_test(another_key_is_told_until_it_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
