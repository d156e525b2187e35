#include "load/run/spool_watch.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "spool_fixture.h"

struct heard {
    unsigned calls;
    bool all;
    char table[64];
};

static void changed(void *ctx, const char *table)
{
    struct heard *h = ctx;

    h->calls++;
    h->all |= table == NULL;
    snprintf(h->table, sizeof h->table, "%s", table != NULL ? table : "");
}

static void wait_for(uv_loop_t *loop, const struct heard *h)
{
    while (h->calls == 0)
        uv_run(loop, UV_RUN_ONCE);
}

static void pages_and_tables_are_heard(void **state)
{
    struct fixture fx;
    struct spool_watch *f = NULL;
    struct heard h = {0};
    struct err e = ERR_INIT;
    uv_loop_t loop;

    (void)state;
    fixture_open(&fx);
    fixture_write(&fx, "contacts", "{}\n\n");
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(spool_watch_open(&f, &loop, fx.spool, changed, &h, &e), OK);
    spool_watch_table(f, "contacts");
    /* Several pages, one call. */
    fixture_write(&fx, "contacts", "{}\n\n{}\n\n{}\n\n");
    wait_for(&loop, &h);
    assert_int_equal(h.calls, 1);
    assert_string_equal(h.table, "contacts");
    assert_false(h.all);
    h = (struct heard){0};
    fixture_write(&fx, "users", "{}\n\n");
    wait_for(&loop, &h);
    assert_true(h.all); /* a new table: look at all */
    spool_watch_close(f);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    fixture_close(&fx);
}

static void run_for(uv_loop_t *loop, int64_t us)
{
    for (int64_t end = when_tick() + us; when_tick() < end; (void)usleep(5000))
        uv_run(loop, UV_RUN_NOWAIT);
}

/* Another page a quarter of a second later; returns how many calls came of the two, or 0 where this machine was too slow to tell. */
static unsigned calls_of_two_pages(struct fixture *fx, uv_loop_t *loop, struct heard *h)
{
    int64_t began = when_tick();

    *h = (struct heard){0};
    fixture_write(fx, "contacts", "{}\n\n");
    run_for(loop, 250000);
    fixture_write(fx, "contacts", "{}\n\n");
    bool quick = when_tick() - began < 400000;
    run_for(loop, 1500000);
    return quick && !h->all ? h->calls : 0; /* nor where the scan came */
}

static void a_trickle_of_pages_is_heard_once(void **state)
{
    struct fixture fx;
    struct spool_watch *f = NULL;
    struct heard h = {0};
    struct err e = ERR_INIT;
    uv_loop_t loop;
    unsigned calls = 0;

    (void)state;
    fixture_open(&fx);
    fixture_write(&fx, "contacts", "{}\n\n");
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(spool_watch_open(&f, &loop, fx.spool, changed, &h, &e), OK);
    spool_watch_table(f, "contacts");
    for (int i = 0; i < 20 && calls == 0; i++)
        calls = calls_of_two_pages(&fx, &loop, &h);
    if (calls != 0)
        assert_int_equal(calls, 1);
    spool_watch_close(f);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    fixture_close(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_and_tables_are_heard),
        cmocka_unit_test(a_trickle_of_pages_is_heard_once),
    };
    log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
