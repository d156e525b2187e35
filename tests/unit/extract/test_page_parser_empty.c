/* What of an answer without records is an empty page, and what is none. */
#include "tests/unit/extract/page_parser_fixture.h"
#include <stdio.h>

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
        "\n\xef\xbb\xbf\xef\xbb\xbf {\"data\":[]}",
        "null",
        " null\n",
        "[]",
        "\xef\xbb\xbf[ ]",
        "{}",
        "{ }\n",
        "{\"count\":0,\"data\":\"\"}",
        "{\"data\":false,\"count\":\"0\"}",
        "{\"count\":0,\"error\":[],\"success\":true,\"status\":\"ok\",\"data\":[]}",
        "{\"error\":{\"code\":0,\"message\":\"\"},\"data\":[]}",
        "\nWarning: Undefined array key \"x\" in /a.php on line 3\n{\"count\":0,\"data\":[]}",
        "{\"count\":0,\"data\":[]}\nDone in 0.3 s \xe9",
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
            assert_false(o.result.nothing); /* nor one that has nothing */
        }
    page_parser_close(p);
    buf_free(&h.text);
}

/* An outage must not look like a table without records. */
static void believes_no_empty_page_that_tells_of_an_error(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"error\":\"quota exceeded\",\"data\":[]}",
        "{\"count\":0,\"data\":[],\"errors\":[{\"message\":\"busy\"}]}",
        "{\"success\":false,\"data\":[]}",
        "{\"ok\":0,\"data\":null}",
        "{\"status\":\"Error\",\"count\":0,\"data\":[]}",
        "{\"data\":\"\"}",
        "{\"count\":1,\"data\":\"\"}",
        "{\"message\":\"no result\"}",
        "Warning: cannot connect\n{\"data\":[]}",
        "Warning: cannot connect\n[]",
        "{\"data\":[]} Done",
        "null and void",
        "<html><script>{\"count\":0,\"data\":[]}</script>",
        "false",
        "\"no result\"",
        "12",
        " \n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect(bodies[i], ERR_PROTOCOL, "");
}

static void reads_what_stands_amid_text(void **state)
{
    (void)state;
    static const char page[] = "{\"count\":2,\"data\":[{\"contact_id\":1},{\"contact_id\":2}]}";
    static const char *const before[] = {
        "",
        "<br />\n<b>Warning</b>:  Undefined variable $x in <b>/a.php</b> on line <b>12</b><br />\n",
        "\nDeprecated: getIterator() should be {compatible} with [] in /a.php on line 3\n",
        ")]}',\n",
        "cb(",
        "\xff\xfe\x01",
        "[2026-01-01] notice: {x} {",
        "\xef\xbb"};
    static const char *const behind[] = {"",         "\n<!-- 0.31 s -->",
                                         ");",       "<br />\n<b>Notice</b>: Undefined index \"x\"",
                                         "\xff\xfe", "\x80"};
    char body[400];
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        for (size_t j = 0; j < sizeof behind / sizeof *behind; j++) {
            (void)snprintf(body, sizeof body, "%s%s%s", before[i], page, behind[j]);
            expect(body, OK, "R {\"contact_id\":1}|1|;R {\"contact_id\":2}|2|;");
        }
    expect_bytes("{\"count\":0,\"data\":[]}\0", 23, OK, "");
}

/* What closes the answer too early may be within a record: the rest of it has brackets. */
static void takes_no_rest_of_the_answer_for_text(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"count\":1,\"data\":[{\"contact_id\":1}]} \"Paul\"},{\"contact_id\":2}]}",
        "{\"count\":1,\"data\":[{\"contact_id\":1}]}{\"count\":0,\"data\":[]}",
        "{\"count\":1,\"data\":[{\"contact_id\":1}]}\n[]",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        expect(bodies[i], ERR_PROTOCOL, NULL);
}

/* Of an answer whose connection has ended too early: what is behind the JSON is its rest, or the rest was cut with it. */
static void is_whole_with_nothing_behind_it(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool whole;
    } cases[] = {{"{\"data\":[{\"contact_id\":1}]}", true},
                 {"{\"data\":[{\"contact_id\":1}]}\n", true},
                 {"null", true},
                 {"{\"data\":[{\"contact_id\":1}]} \"Paul\"", false},
                 {"{\"data\":[{\"contact_id\":1}]", false},
                 {"", false}};
    struct heard h = {0};
    struct page_parser *p = open_parser(&h);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = ERR_INIT;
        page_parser_start(p);
        assert_int_equal(page_parser_feed(p, cases[i].body, strlen(cases[i].body), &e), OK);
        assert_int_equal(page_parser_is_whole(p), cases[i].whole);
    }
    page_parser_close(p);
    buf_free(&h.text);
}

static void reads_an_array_with_holes(void **state)
{
    (void)state;
    expect("{\"count\":9,\"data\":{\"0\":{\"contact_id\":1},\"2\": { \"contact_id\" : 2, "
           "\"data\":{\"7\":{}} } , "
           "\"10\":[1,{\"contact_id\":3}],\"11\":null,\"12\":{}},\"more\":{\"1\":{}}}",
           OK,
           "R {\"contact_id\":1}|1|;R {\"contact_id\":2,\"data\":{\"7\":{}}}|2|;"
           "O [1,{\"contact_id\":3}]|3;O null|4;R {}||;");
    expect("{\"data\":{\"0\":{\"contact_id\":1},\"name\":{}}}", ERR_PROTOCOL, NULL);
    expect("{\"data\":{\"\":{}}}", ERR_PROTOCOL, "");
    expect("{\"data\":{\"0\":{\"contact_id\":1}", ERR_PROTOCOL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_php_spellings_of_an_empty_page),
        cmocka_unit_test(believes_no_empty_page_where_count_tells_of_records),
        cmocka_unit_test(believes_no_empty_page_that_tells_of_an_error),
        cmocka_unit_test(reads_what_stands_amid_text),
        cmocka_unit_test(takes_no_rest_of_the_answer_for_text),
        cmocka_unit_test(is_whole_with_nothing_behind_it),
        cmocka_unit_test(reads_an_array_with_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
