/* A page that is shorter than requested and has no `count`: how many elements it has is found out by the last one's bytes. */
#include "tests/unit/extract/page_parser_fixture.h"

static enum err_code on_malformed(void *ctx, const struct page_parser_malformed *m, struct err *e)
{
    struct heard *h = ctx;
    (void)e;
    return buf_addf(&h->text, "M %.*s;", (int)m->len, m->raw);
}

static struct page_parser *open_salvaging(struct heard *h)
{
    static const struct page_parser_conf conf = {
        .key = "contact_id", .record_max = RECORD_CAP, .page_max = PAGE_CAP};
    static const struct page_parser_handler handler = {
        .record = on_record, .non_record = on_odd, .malformed = on_malformed};
    struct page_parser *p;
    struct err e = ERR_INIT;
    buf_init(&h->text, 1 << 20);
    assert_int_equal(page_parser_open(&p, &conf, &handler, h, &e), OK);
    return p;
}

static enum err_code read(struct page_parser *p, const char *body, struct page_parser_result *r)
{
    struct err e = ERR_INIT;
    enum err_code rc = page_parser_feed(p, body, strlen(body), &e);
    enum err_code end = page_parser_finish(p, r, &e);
    assert_true(rc == OK || rc == end);
    return end;
}

/* What the answer to a request for one record says of it. */
static uint64_t sum_alone(struct page_parser *p, const char *body)
{
    struct page_parser_result r;
    page_parser_start(p);
    page_parser_expect(p, 2, 1, 0);
    page_parser_alone(p);
    (void)read(p, body, &r);
    return r.last_sum;
}

static void tells_how_many_there_seem_to_be(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *last;
        uint64_t n;
    } cases[] = {
        {"{\"data\":[{\"contact_id\":1},{\"a\":NaN}, {\"contact_id\": 3} ]}",
         "{\"data\": [ {\"contact_id\": 3}]}", 3},
        {"{\"data\":[{\"contact_id\":1},{\"a\":NaN}]}", "{\"data\":[{\"a\":NaN} ] }", 2},
        {"{\"data\":[{\"a\":NaN}],\"more\":1}", "{\"data\":[{\"a\":NaN}]}", 1},
        {"{\"data\":[{\"contact_id\":1},{\"contact_id\":1,\"contact_id\":NaN}]}", NULL,
         0}, /* may be two */
        {"{\"data\":[{\"contact_id\":1},{\"a\":\"]}", NULL, 0},
    };
    struct heard h = {0};
    struct page_parser *p = open_salvaging(&h);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct page_parser_result r;
        page_parser_start(p);
        page_parser_expect(p, 0, 100, 0);
        assert_int_equal(read(p, cases[i].body, &r), ERR_PROTOCOL);
        assert_int_equal(r.elements, cases[i].n);
        assert_int_equal(r.malformed_sum != 0, cases[i].n > 0);
        if (cases[i].last != NULL)
            assert_true(r.last_sum != 0 && r.last_sum == sum_alone(p, cases[i].last));
        assert_true(r.last_sum != sum_alone(p, "{\"data\":[{\"contact_id\":4}]}"));
        assert_int_equal(sum_alone(p, "{\"data\":[]}"), 0);
        assert_int_equal(sum_alone(p, "<html>"), 0);
    }
    page_parser_close(p);
    buf_free(&h.text);
}

static void believes_the_number_with_the_elements_that_it_is_of(void **state)
{
    static const char body[] = "{\"data\":[{\"contact_id\":1},{\"a\":NaN},{\"contact_id\":3}]}";
    struct page_parser_result first;
    struct page_parser_result r;
    struct heard h = {0};
    (void)state;
    struct page_parser *p = open_salvaging(&h);
    page_parser_expect(p, 0, 100, 0);
    assert_int_equal(read(p, body, &first), ERR_PROTOCOL);
    for (unsigned wrong = 0; wrong < 4; wrong++) {
        buf_reset(&h.text);
        page_parser_start(p);
        page_parser_expect(p, 0, 100, first.malformed_sum + (wrong == 1));
        page_parser_expect_elements(p, 3 + (wrong == 2), first.last_sum + (wrong == 3));
        assert_int_equal(read(p, body, &r), wrong > 0 ? ERR_PROTOCOL : OK);
        assert_int_equal(buf_add(&h.text, "", 1), OK);
        assert_string_equal(h.text.data,
                            wrong > 0
                                ? "R {\"contact_id\":1}|1|;"
                                : "R {\"contact_id\":1}|1|;M {\"a\":NaN};R {\"contact_id\":3}|3|;");
    }
    page_parser_close(p);
    buf_free(&h.text);
}

static void fails_where_nobody_takes_malformed_elements(void **state)
{
    (void)state;
    expect("{\"data\":[{\"contact_id\":1},{\"a\":NaN}]}", ERR_PROTOCOL, "R {\"contact_id\":1}|1|;");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_many_there_seem_to_be),
        cmocka_unit_test(believes_the_number_with_the_elements_that_it_is_of),
        cmocka_unit_test(fails_where_nobody_takes_malformed_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
