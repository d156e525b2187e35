#include "tests/unit/extract/crawl_api.h"

static void test_full_forgets_the_position(void **state)
{
    struct api *api = *state;
    struct crawl_conf conf = plain;
    fill(api, 300, HOUR, START - HOUR);
    run(api);
    memset(api->kept, 0, sizeof(api->kept));
    conf.full = true;
    open_with(api, conf);
    while (step(api))
        ;
    assert_complete(api, 8);
}

static void bad_position(struct api *api, const char *json, const char *word)
{
    struct crawl *c;
    struct crawl_conf conf = plain;
    conf.zone = api->zone;
    assert_int_equal(crawl_open(&c, &conf, json, &api->e), ERR_DAMAGED);
    assert_null(c);
    assert_non_null(strstr(api->e.msg, word));
    assert_non_null(strstr(api->e.msg, "--full"));
    conf.full = true;
    assert_int_equal(crawl_open(&c, &conf, json, &api->e), OK);
    crawl_close(c);
}

static void test_positions_that_cannot_be_used(void **state)
{
    struct api *api = *state;
    bad_position(api, "", "cannot be read");
    bad_position(api, "[1]", "cannot be read");
    bad_position(api, "{\"netty_crawl\":1", "cannot be read");
    bad_position(api, "{\"netty_crawl\":3}", "version 3");
    bad_position(api, "{\"netty_crawl\":1}", "lacks");
}

/* Whatever single byte of it changes, a position is read or refused, and what is read ends. */
static void test_mangled_positions_do_no_harm(void **state)
{
    struct api *api = *state;
    fill(api, 150, HOUR, START - HOUR);
    open_with(api, plain);
    assert_true(step(api));
    struct buf good = api->position;
    buf_init(&api->position, 8192);
    for (size_t i = 0; i < good.len; i++) {
        struct crawl *c = NULL;
        struct crawl_conf conf = plain;
        conf.zone = api->zone;
        char byte = good.data[i];
        good.data[i] = i % 2 == 0 ? '9' : '"';
        if (crawl_open(&c, &conf, good.data, &api->e) == OK) {
            crawl_close(api->crawl);
            api->crawl = c;
            api->requests = 0;
            while (api->requests < 100 && step(api))
                ;
            assert_true(api->requests < 100);
        }
        good.data[i] = byte;
    }
    buf_free(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_full_forgets_the_position),
        TEST(test_positions_that_cannot_be_used),
        TEST(test_mangled_positions_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
