#include "extract/api/refusal_gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A table: what it was told, as letters: g(o), o(wn), a(ll). */
struct table {
    struct refusal_gate *gate;
    struct refusal_gate_turn turn;
    char told[8];
};

static void tell(struct table *t, char what)
{
    size_t n = strlen(t->told);
    assert_true(n + 1 < sizeof t->told);
    t->told[n] = what;
}

static void on_go(void *ctx)
{
    tell(ctx, 'g');
}

static void on_own(void *ctx)
{
    tell(ctx, 'o');
}

static void on_all(void *ctx)
{
    tell(ctx, 'a');
}

static void ask(struct table *t)
{
    refusal_gate_ask(t->gate, &t->turn, on_go, t);
}

static void refused(struct table *t)
{
    refusal_gate_refused(t->gate, &t->turn, on_own, on_all, t);
}

static struct refusal_gate *begin(struct table *tables, size_t n)
{
    struct refusal_gate *g = NULL;
    assert_int_equal(refusal_gate_open(&g, NULL), OK);
    for (size_t i = 0; i < n; i++)
        tables[i] = (struct table){.gate = g};
    return g;
}

static void test_without_a_refusal_all_go(void **state)
{
    (void)state;
    struct table t[2];
    struct refusal_gate *g = begin(t, 2);
    ask(&t[0]);
    ask(&t[1]);
    refusal_gate_answered(g, &t[0].turn);
    assert_string_equal(t[0].told, "g");
    assert_string_equal(t[1].told, "g");
    assert_false(refusal_gate_stuck(g));
    refusal_gate_close(g);
}

static void test_a_refusal_is_a_tables_own_once_another_is_answered_after_it(void **state)
{
    (void)state;
    struct table t[4];
    struct refusal_gate *g = begin(t, 4);
    ask(&t[0]);
    ask(&t[3]);
    refused(&t[0]);
    refusal_gate_answered(g, &t[3].turn); /* it was asked before */
    assert_string_equal(t[0].told, "g");
    assert_true(refusal_gate_stuck(g));
    ask(&t[1]);
    ask(&t[2]);
    assert_string_equal(t[1].told, "g");
    assert_string_equal(t[2].told, "");
    refusal_gate_answered(g, &t[1].turn);
    assert_string_equal(t[0].told, "go");
    assert_string_equal(t[2].told, "g");
    refusal_gate_close(g);
}

static void test_two_refusals_in_turn_are_everybodys(void **state)
{
    (void)state;
    struct table t[3];
    struct refusal_gate *g = begin(t, 3);
    ask(&t[0]);
    refused(&t[0]);
    ask(&t[1]);
    refused(&t[1]);
    assert_string_equal(t[0].told, "ga");
    assert_string_equal(t[1].told, "ga");
    ask(&t[2]);
    assert_string_equal(t[2].told, "g");
    refusal_gate_close(g);
}

static void test_a_probe_that_fails_tells_nothing(void **state)
{
    (void)state;
    struct table t[3];
    struct refusal_gate *g = begin(t, 3);
    ask(&t[0]);
    refused(&t[0]);
    ask(&t[1]);
    ask(&t[2]);
    refusal_gate_failed(g, &t[1].turn);
    assert_string_equal(t[2].told, "g");
    refusal_gate_forget(g, &t[2].turn);
    assert_true(refusal_gate_stuck(g));
    refusal_gate_settle(g, true);
    assert_string_equal(t[0].told, "go");
    assert_false(refusal_gate_stuck(g));
    refusal_gate_close(g);
}

static void test_who_is_forgotten_hears_nothing(void **state)
{
    (void)state;
    struct table t[3];
    struct refusal_gate *g = begin(t, 3);
    ask(&t[0]);
    refused(&t[0]);
    ask(&t[1]);
    ask(&t[2]);
    refusal_gate_forget(g, &t[2].turn);
    refusal_gate_forget(g, &t[0].turn);
    refusal_gate_answered(g, &t[1].turn);
    assert_string_equal(t[0].told, "g");
    assert_string_equal(t[2].told, "");
    refusal_gate_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_refusal_all_go),
        cmocka_unit_test(test_a_refusal_is_a_tables_own_once_another_is_answered_after_it),
        cmocka_unit_test(test_two_refusals_in_turn_are_everybodys),
        cmocka_unit_test(test_a_probe_that_fails_tells_nothing),
        cmocka_unit_test(test_who_is_forgotten_hears_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
