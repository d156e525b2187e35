/* The address of a request. */
#include "extract/api/request_url.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *base, const char *after, uint64_t offset, const char *url)
{
    struct crawl_request request = {.offset = offset, .limit = 100};
    struct buf out;
    struct err e = ERR_INIT;
    memcpy(request.after, after, strlen(after) + 1);
    buf_init(&out, URL_MAX);
    assert_int_equal(buf_adds(&out, "what was there"), OK);
    assert_int_equal(url_page(&out, base, "contacts", "contact_id", &request, &e), OK);
    assert_string_equal(out.data, url);
    buf_free(&out);
}

static void asks_as_the_api_wants(void **state)
{
    (void)state;
    expect("https://webapi.netty.fr/apiv1", "", 0,
           "https://webapi.netty.fr/apiv1/contacts?sort=time_modified:asc&limit=100&offset=0");
    expect("https://webapi.netty.fr/apiv1", "2024-05-13T10:22:33.000Z", 200,
           "https://webapi.netty.fr/apiv1/contacts?sort=time_modified:asc&limit=100&offset=200"
           "&filters=time_modified:greater:2024-05-13T10:22:33.000Z");
}

static void encodes_the_value(void **state)
{
    (void)state;
    expect("http://h/a", "2024-05-13 10:22:33+02:00", 0,
           "http://h/a/contacts?sort=time_modified:asc&limit=100&offset=0"
           "&filters=time_modified:greater:2024-05-13%2010:22:33%2B02:00");
    expect("http://h/a", "a,b&c=d#%\xc3\xa9", 0,
           "http://h/a/contacts?sort=time_modified:asc&limit=100&offset=0"
           "&filters=time_modified:greater:a%2Cb%26c%3Dd%23%25%C3%A9");
}

static void takes_a_base_with_slashes(void **state)
{
    (void)state;
    expect("http://h:1/a//", "", 0,
           "http://h:1/a/contacts?sort=time_modified:asc&limit=100&offset=0");
    expect("http://[::1]:8080", "", 0,
           "http://[::1]:8080/contacts?sort=time_modified:asc&limit=100&offset=0");
}

static void refuses_a_bad_base(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "webapi.netty.fr",
        "ftp://h",
        "https://",
        "https:///x",
        "http://:80",
        "https://h/a?b=c",
        "https://h/a#b",
        "https://u:p@h/a",
        "https://h/a b",
        "file:///etc/passwd",
        "https://h/\xc3\xa9",
        "https://h/\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(url_check_base(bad[i], "NETTY_BASE_URL", ERR_CONFIG, &e), ERR_CONFIG);
        assert_non_null(strstr(e.msg, "NETTY_BASE_URL"));
        assert_null(strstr(e.msg, "u:p"));
    }
    struct err e = ERR_INIT;
    assert_int_equal(url_check_base("https://webapi.netty.fr/apiv1", "default", ERR_CONFIG, &e),
                     OK);
    assert_int_equal(url_check_base("http://127.0.0.1:8080/a", "default", ERR_CONFIG, &e), OK);
}

static void keeps_within_its_cap(void **state)
{
    (void)state;
    struct crawl_request request = {.limit = 10};
    struct buf out;
    struct err e = ERR_INIT;
    buf_init(&out, 20);
    assert_int_equal(url_page(&out, "http://host/path", "contacts", "contact_id", &request, &e),
                     ERR_TOO_BIG);
    buf_free(&out);
}

static void tells_the_base_of_what_has_moved(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        const char *base; /* NULL: cannot be told */
    } cases[] = {
        {"https://h/apiv1/contacts?sort=a:asc&limit=1&offset=0", "https://h/apiv1"},
        {"http://h/apiv2/contacts", "http://h/apiv2"},
        {"https://other.example/contacts?x=a/b/contacts", "https://other.example"},
        {"http://h/apiv1/contacts?sort=b", NULL}, /* where it is already */
        {"http://h/apiv1/contacts/", NULL},
        {"http://h/login?from=/apiv1/contacts", NULL},
        {"https://h/users", NULL},
        {"ftp://h/contacts", NULL},
        {"https://u:p@h/contacts", NULL},
        {"contacts", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char base[64] = "";
        bool told = url_moved_base("http://h/apiv1/contacts?sort=a:asc&limit=1&offset=0",
                                   cases[i].target, base, sizeof base);
        assert_int_equal(told, cases[i].base != NULL);
        if (told)
            assert_string_equal(base, cases[i].base);
    }
    char small[8];
    assert_false(url_moved_base("http://h/a", "https://elsewhere/a", small, sizeof small));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_as_the_api_wants),
        cmocka_unit_test(encodes_the_value),
        cmocka_unit_test(takes_a_base_with_slashes),
        cmocka_unit_test(refuses_a_bad_base),
        cmocka_unit_test(keeps_within_its_cap),
        cmocka_unit_test(tells_the_base_of_what_has_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
