/* The spacing of requests: in turn, apart, and over processes that share a folder. */
#include "extract/api/rate_limit.h"
#include "shared/time/when.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define START (INT64_C(1700000000) * WHEN_SECOND)

struct world {
    uv_loop_t loop;
    char dir[64];
    char file[128];
    struct rate_limit *a;
    struct rate_limit *b; /* another process's */
    char order[32];
};

static int set_up(void **state)
{
    struct err e = ERR_INIT;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/netty-pace-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->file, sizeof w->file, "%s/" RATE_LIMIT_FILE, w->dir);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    assert_int_equal(rate_limit_open(&w->a, &w->loop, w->dir, 4, &e), OK);
    assert_int_equal(rate_limit_open(&w->b, &w->loop, w->dir, 4, &e), OK);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    rate_limit_close(w->a);
    rate_limit_close(w->b);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    assert_int_equal(unlink(w->file), 0);
    assert_int_equal(rmdir(w->dir), 0);
    free(w);
    return 0;
}

static void gives_turns_apart(void **state)
{
    struct world *w = *state;
    assert_int_equal(rate_limit_take(w->a, START), 0);
    assert_int_equal(rate_limit_take(w->a, START), 250000);
    assert_int_equal(rate_limit_take(w->a, START + 100000), 150000);
    assert_int_equal(rate_limit_take(w->a, START + 249999), 1);
    assert_int_equal(rate_limit_take(w->a, START + 250000), 0);
    /* A long silence earns no burst. */
    assert_int_equal(rate_limit_take(w->a, START + 9000000), 0);
    assert_int_equal(rate_limit_take(w->a, START + 9000000), 250000);
}

static void shares_them_between_processes(void **state)
{
    struct world *w = *state;
    struct stat st;
    assert_int_equal(rate_limit_take(w->a, START), 0);
    assert_int_equal(rate_limit_take(w->b, START), 250000);
    assert_int_equal(rate_limit_take(w->b, START + 250000), 0);
    assert_int_equal(rate_limit_take(w->a, START + 250000), 250000);
    assert_int_equal(stat(w->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void waits_for_no_lock(void **state)
{
    struct world *w = *state;
    int fd = open(w->file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_in_range(rate_limit_take(w->a, START), 1, 100000);
    assert_int_equal(close(fd), 0);
    assert_int_equal(rate_limit_take(w->a, START), 0);
}

static void survives_a_garbled_file(void **state)
{
    struct world *w = *state;
    static const char *const texts[] = {"", "x", "99999999999999999999", "0000000000000000000x",
                                        "00001900000000000000"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *f = fopen(w->file, "w");
        assert_non_null(f);
        assert_true(fputs(texts[i], f) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(rate_limit_take(w->a, START), 0);
        assert_int_equal(rate_limit_take(w->a, START), 250000);
    }
}

static void is_not_held_up_by_a_clock_set_back(void **state)
{
    struct world *w = *state;
    assert_int_equal(rate_limit_take(w->a, START + 3600 * WHEN_SECOND), 0);
    assert_int_equal(rate_limit_take(w->a, START), 0);
}

struct asker {
    struct world *world;
    char name;
    struct rate_limit_turn turn;
};

static void note(void *ctx)
{
    struct asker *a = ctx;
    size_t n = strlen(a->world->order);
    a->world->order[n] = a->name;
}

static void serves_in_the_order_asked(void **state)
{
    struct world *w = *state;
    struct asker askers[4] = {{w, 'a', {0}}, {w, 'b', {0}}, {w, 'c', {0}}, {w, 'd', {0}}};
    int64_t began = when_tick();
    for (size_t i = 0; i < 4; i++)
        rate_limit_ask(w->a, &askers[i].turn, note, &askers[i]);
    assert_string_equal(w->order, ""); /* never from within */
    rate_limit_cancel(w->a, &askers[1].turn);
    rate_limit_cancel(w->a, &askers[1].turn);
    rate_limit_cancel(w->a, &askers[3].turn);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_string_equal(w->order, "ac");
    assert_true(when_tick() - began >= 250000);
    assert_false(askers[0].turn.waiting);
    rate_limit_ask(w->a, &askers[3].turn, note, &askers[3]);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_string_equal(w->order, "acd");
}

static void has_no_limit_at_rate_0(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    struct rate_limit *p = NULL;
    assert_int_equal(rate_limit_open(&p, &w->loop, "/nowhere/at/all", 0, &e), OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rate_limit_take(p, START), 0);
    struct asker asker = {w, 'x', {0}};
    rate_limit_ask(p, &asker.turn, note, &asker);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_string_equal(w->order, "x");
    rate_limit_close(p);
}

static void names_a_folder_it_cannot_use(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    struct rate_limit *p = NULL;
    assert_int_equal(rate_limit_open(&p, &w->loop, "/nowhere/at/all", 3, &e), ERR_CREATE);
    assert_non_null(strstr(e.msg, "/nowhere/at/all"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(gives_turns_apart),
        TEST(shares_them_between_processes),
        TEST(waits_for_no_lock),
        TEST(survives_a_garbled_file),
        TEST(is_not_held_up_by_a_clock_set_back),
        TEST(serves_in_the_order_asked),
        TEST(has_no_limit_at_rate_0),
        TEST(names_a_folder_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
