#include "shared/cli/stop_signals.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int calls;

static void count_call(void *ctx)
{
    calls += *(int *)ctx;
}

static void on_timer(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* Turns the loop until asked (or for ten seconds, which only end a hang). */
static void run_until(uv_loop_t *loop, const struct stop_signals *s)
{
    uv_timer_t timer;
    bool late = false;
    assert_int_equal(uv_timer_init(loop, &timer), 0);
    timer.data = &late;
    assert_int_equal(uv_timer_start(&timer, on_timer, 10000, 0), 0);
    while (!stop_signals_asked(s) && !late)
        (void)uv_run(loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(loop, UV_RUN_NOWAIT);
    assert_true(stop_signals_asked(s));
}

static void test_first_signal_asks(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < 3; i++) {
        uv_loop_t loop;
        struct stop_signals *s = NULL;
        struct err e = ERR_INIT;
        int one = 1;
        calls = 0;
        assert_true(signal(SIGHUP, SIG_DFL) !=
                    SIG_ERR); /* ignored since the last stop_signals_close */
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(stop_signals_open(&s, &loop, count_call, &one, &e), OK);
        assert_false(stop_signals_asked(s));
        assert_int_equal(raise(signals[i]), 0);
        run_until(&loop, s);
        assert_int_equal(calls, 1);
        stop_signals_close(s);
        assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

static void test_handles_do_not_keep_the_loop_alive(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct stop_signals *s = NULL;
    struct err e = ERR_INIT;
    int one = 1;
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(stop_signals_open(&s, &loop, count_call, &one, &e), OK);
    assert_int_equal(uv_loop_alive(&loop), 0);
    stop_signals_close(s);
    stop_signals_close(NULL);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* The second comes while the loop does not turn: the process ends all the same, with 75. */
static void stop_twice(int first, int second)
{
    uv_loop_t loop;
    struct stop_signals *s = NULL;
    struct err e = ERR_INIT;
    int one = 1;
    calls = 0;
    (void)signal(SIGHUP, SIG_DFL);
    if (uv_loop_init(&loop) != 0 || stop_signals_open(&s, &loop, count_call, &one, &e) != OK ||
        raise(first) != 0)
        _exit(1);
    run_until(&loop, s);
    (void)raise(second);
    _exit(2);
}

static void test_second_signal_ends(void **state)
{
    (void)state;
    static const int pairs[][2] = {
        {SIGINT, SIGINT}, {SIGINT, SIGTERM}, {SIGTERM, SIGINT}, {SIGHUP, SIGTERM}};
    for (size_t i = 0; i < 4; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            stop_twice(pairs[i][0], pairs[i][1]);
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 75);
    }
}

/* Both before the loop turns once: the second still counts as a second. */
static void stop_twice_at_once(void)
{
    uv_loop_t loop;
    struct stop_signals *s = NULL;
    struct err e = ERR_INIT;
    int one = 1;
    if (uv_loop_init(&loop) != 0 || stop_signals_open(&s, &loop, count_call, &one, &e) != OK ||
        raise(SIGTERM) != 0 || raise(SIGINT) != 0)
        _exit(1);
    run_until(&loop, s);
    _exit(2);
}

static void test_two_signals_at_once(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        stop_twice_at_once();
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 75);
}

/* The terminal goes: the kernel says so, and the shell once more. */
static void hang_up_twice(bool at_once)
{
    uv_loop_t loop;
    struct stop_signals *s = NULL;
    struct err e = ERR_INIT;
    int one = 1;
    calls = 0;
    (void)signal(SIGHUP, SIG_DFL);
    if (uv_loop_init(&loop) != 0 || stop_signals_open(&s, &loop, count_call, &one, &e) != OK ||
        raise(SIGHUP) != 0)
        _exit(1);
    if (!at_once)
        run_until(&loop, s);
    (void)raise(SIGHUP);
    run_until(&loop, s);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    stop_signals_close(s);
    (void)raise(SIGHUP);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)raise(SIGHUP);
    _exit(calls == 1 ? 42 : 3);
}

static void test_a_terminal_that_goes_asks_once_and_is_no_impatience(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            hang_up_twice(i == 0);
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 42);
    }
}

static void test_a_hang_up_that_nohup_ignored_stays_ignored(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct stop_signals *s = NULL;
    struct err e = ERR_INIT;
    int one = 1;
    calls = 0;
    assert_true(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(stop_signals_open(&s, &loop, count_call, &one, &e), OK);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGTERM), 0);
    run_until(&loop, s);
    assert_int_equal(calls, 1);
    stop_signals_close(s);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_true(signal(SIGHUP, SIG_DFL) == SIG_IGN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_signal_asks),
        cmocka_unit_test(test_handles_do_not_keep_the_loop_alive),
        cmocka_unit_test(test_second_signal_ends),
        cmocka_unit_test(test_two_signals_at_once),
        cmocka_unit_test(test_a_terminal_that_goes_asks_once_and_is_no_impatience),
        cmocka_unit_test(test_a_hang_up_that_nohup_ignored_stays_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
