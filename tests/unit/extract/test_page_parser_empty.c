/* What of an answer without records is an empty page, and what is none. */
#include "tests/unit/extract/page_parser_fixture.h"

static void reads_php_spellings_of_an_empty_page(void **state)
{
    (void)state;
    static const char *const empty[] = {
        "{\"data\":null}",
        "{\"data\":{}}",
        "{\"data\":{ },\"count\":0}",
        "{\"count\":0,\"data\":null}",
        "{\"count\":0}",
        "{\"count\":0,\"message\":\"no result\"}",
        "{\"count\":0,\"error\":null}",
        "{\"count\":0,\"error\":false,\"data\":{}}",
        "{\"error\":0,\"data\":null}",
        "{\"error\":\"\",\"data\":null}",
        "\xef\xbb\xbf{\"count\":0}",
        "\xef\xbb\xbf \n{\"data\":[]}",
    };
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        expect(empty[i], OK, "");
    expect("\xef\xbb\xbf{\"data\":[{\"contact_id\":1}]}", OK, "R {\"contact_id\":1}|1|;");
}

/* `count` may be the total: behind it an empty page is one. */
static void believes_no_empty_page_where_count_tells_of_records(void **state)
{
    (void)state;
    struct heard h = {0};
    struct page_parser *p = open_parser(&h);
    static const char *const bodies[] = {"{\"count\":70,\"data\":null}",
                                         "{\"data\":{},\"count\":70}", "{\"count\":70}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (uint64_t offset = 69; offset <= 71; offset++) {
            page_parser_start(p);
            page_parser_expect(p, offset, 0, 0);
            struct outcome o = feed(p, bodies[i], strlen(bodies[i]), 1000);
            assert_int_equal(o.rc, offset < 70 ? ERR_PROTOCOL : OK);
        }
    page_parser_close(p);
    buf_free(&h.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_php_spellings_of_an_empty_page),
        cmocka_unit_test(believes_no_empty_page_where_count_tells_of_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
