#include "load/database/db_decide.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* All that PostgreSQL defines (errcodes.txt of PostgreSQL 15, and what 16 to 18 add), and some that it does not. */
static const char *const states[] = {
    "03000", "08000", "08003", "08006", "08001", "08004", "08007", "08P01", "09000", "0A000",
    "0B000", "0F000", "0F001", "0L000", "0LP01", "0P000", "0Z000", "0Z002", "20000", "21000",
    "22000", "2202E", "22021", "22008", "22012", "22005", "2200B", "22022", "22015", "2201E",
    "22014", "22016", "2201F", "2201G", "22018", "22007", "22019", "2200D", "22025", "22P06",
    "22010", "22023", "22013", "2201B", "2201W", "2201X", "2202H", "2202G", "22009", "2200C",
    "2200G", "22004", "22002", "22003", "2200H", "22026", "22001", "22011", "22027", "22024",
    "2200F", "22P01", "22P02", "22P03", "22P04", "22P05", "2200L", "2200M", "2200N", "2200S",
    "2200T", "22030", "22031", "22032", "22033", "22034", "22035", "22036", "22037", "22038",
    "22039", "2203A", "2203B", "2203C", "2203D", "2203E", "2203F", "2203G", "23000", "23001",
    "23502", "23503", "23505", "23514", "23P01", "24000", "25000", "25001", "25002", "25008",
    "25003", "25004", "25005", "25006", "25007", "25P01", "25P02", "25P03", "26000", "27000",
    "28000", "28P01", "2B000", "2BP01", "2D000", "2F000", "2F005", "2F002", "2F003", "2F004",
    "34000", "38000", "38001", "38002", "38003", "38004", "39000", "39001", "39004", "39P01",
    "39P02", "39P03", "3B000", "3B001", "3D000", "3F000", "40000", "40002", "40001", "40003",
    "40P01", "42000", "42601", "42501", "42846", "42803", "42P20", "42P19", "42830", "42602",
    "42622", "42939", "42804", "42P18", "42P21", "42P22", "42809", "428C9", "42703", "42883",
    "42P01", "42P02", "42704", "42701", "42P03", "42P04", "42723", "42P05", "42P06", "42P07",
    "42712", "42710", "42702", "42725", "42P08", "42P09", "42P10", "42611", "42P11", "42P12",
    "42P13", "42P14", "42P15", "42P16", "42P17", "44000", "53000", "53100", "53200", "53300",
    "53400", "54000", "54001", "54011", "54023", "55000", "55006", "55P02", "55P03", "55P04",
    "57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05", "58000", "58030", "58P01",
    "58P02", "72000", "F0000", "F0001", "HV000", "HV005", "HV002", "HV010", "HV021", "HV024",
    "HV007", "HV008", "HV004", "HV006", "HV091", "HV00B", "HV00C", "HV00D", "HV090", "HV00A",
    "HV009", "HV014", "HV001", "HV00P", "HV00J", "HV00K", "HV00Q", "HV00R", "HV00L", "HV00M",
    "HV00N", "P0000", "P0001", "P0002", "P0003", "P0004", "XX000", "XX001", "XX002", "25P04",
    "PT402", "45000", "ZZ001", "ZZ999", "S1000", "X0001", "99999", "5500Z",
};

#define COUNT (sizeof states / sizeof *states)

static struct db_decision of(enum db_phase phase, const char *sqlstate, const char *msg)
{
    struct err e = {.code = ERR_INTERNAL};

    (void)snprintf(e.sqlstate, sizeof e.sqlstate, "%s", sqlstate);
    (void)snprintf(e.msg, sizeof e.msg, "%s", msg);
    return db_decide(phase, &e);
}

static bool waits(enum db_action a)
{
    return a == DB_WAIT || a == DB_RECONNECT;
}

/* What holds for every state in every phase. */
static void every_state_in_every_phase_has_an_end(void **state)
{
    (void)state;
    for (int p = 0; p < DB_PHASES; p++)
        for (size_t i = 0; i < COUNT; i++) {
            struct db_decision d = of((enum db_phase)p, states[i], "words");
            /* What is tried again comes to an end that is no other try. */
            assert_true(d.then == DB_STOP || d.then == DB_END || d.then == DB_ISOLATE);
            assert_true((unsigned)d.action < DB_ACTIONS);
            /* The code tells whether it passes by itself, and agrees with what is done. */
            if (waits(d.action) || d.action == DB_SMALLER)
                assert_int_equal(err_exit(d.code), 69);
            else
                assert_true(err_exit(d.code) != 69 && err_exit(d.code) >= 65);
            if (d.lock)
                assert_int_equal(d.action, DB_WAIT);
            if (d.content)
                assert_true(p == DB_PHASE_ROWS || p == DB_PHASE_COMMIT);
        }
}

static void connecting_ends_at_once_or_is_waited_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct db_decision d = of(DB_PHASE_CONNECT, states[i], "words");
        assert_true(d.action == DB_END || d.action == DB_RECONNECT);
        assert_int_equal(d.then, DB_END);
        int code = err_exit(d.code);
        bool who = strncmp(states[i], "28", 2) == 0 || strncmp(states[i], "0L", 2) == 0 ||
                   strncmp(states[i], "0P", 2) == 0 || strcmp(states[i], "42501") == 0;
        if (who)
            assert_int_equal(code, 77);
        else
            assert_true(code == 78 || code == 69);
    }
}

static void loading_never_stops_before_rows_were_looked_for(void **state)
{
    static const enum db_phase phases[] = {DB_PHASE_ROWS, DB_PHASE_COMMIT};

    (void)state;
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < COUNT; i++) {
            struct db_decision d = of(phases[p], states[i], "words");
            assert_true(d.action == DB_ISOLATE || d.then == DB_ISOLATE || d.lock);
            assert_true(d.action != DB_STOP && d.action != DB_END && d.action != DB_PLAIN);
        }
}

static void a_question_can_be_gone_without(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct db_decision d = of(DB_PHASE_QUESTION, states[i], "words");
        assert_true(d.action != DB_ISOLATE && d.action != DB_STOP && d.action != DB_END);
    }
}

static void commands_and_bookkeeping_have_no_rows_to_look_for(void **state)
{
    static const enum db_phase phases[] = {DB_PHASE_BOOKKEEPING, DB_PHASE_MAINTENANCE};

    (void)state;
    for (size_t p = 0; p < 2; p++)
        for (size_t i = 0; i < COUNT; i++) {
            struct db_decision d = of(phases[p], states[i], "words");
            assert_true(d.action != DB_ISOLATE && d.action != DB_PLAIN && d.action != DB_END);
            assert_int_equal(d.then, DB_STOP);
        }
}

/* phase, SQLSTATE, action, then, exit code */
static const struct row {
    enum db_phase phase;
    const char *state, *msg;
    enum db_action action, then;
    int code;
} table[] = {
    {DB_PHASE_CONNECT, "28P01", "", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "28000", "", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "42501", "", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "3D000", "", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "22023", "", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "42704", "", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "55000", "", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "0A000", "", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "ZZ001", "", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "53300", "", DB_RECONNECT, DB_END, 69},
    {DB_PHASE_CONNECT, "57P03", "", DB_RECONNECT, DB_END, 69},
    {DB_PHASE_CONNECT, "XX000", "FATAL: Tenant or user not found", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "XX000", "(ENOTFOUND) tenant/user postgres.x not found", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "XX000", "Max client connections reached", DB_RECONNECT, DB_END, 69},
    {DB_PHASE_CONNECT, "XX000", "SSL connection is required", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "XX000", "Address not in tenant allow_list", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "08P01", "password authentication failed", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "08P01", "SASL authentication failed", DB_END, DB_END, 77},
    {DB_PHASE_CONNECT, "08P01", "no such database: x", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "08P01", "unsupported startup parameter: options", DB_END, DB_END, 78},
    {DB_PHASE_CONNECT, "08P01", "pgbouncer cannot connect to server", DB_RECONNECT, DB_END, 69},
    {DB_PHASE_CONNECT, "08P01", "no more connections allowed (max_client_conn)", DB_RECONNECT,
     DB_END, 69},
    {DB_PHASE_BOOKKEEPING, "42501", "", DB_STOP, DB_STOP, 77},
    {DB_PHASE_BOOKKEEPING, "42P01", "", DB_LOOK_AGAIN, DB_STOP, 78},
    {DB_PHASE_BOOKKEEPING, "40001", "", DB_WAIT, DB_STOP, 69},
    {DB_PHASE_BOOKKEEPING, "57P01", "", DB_RECONNECT, DB_STOP, 69},
    {DB_PHASE_BOOKKEEPING, "42601", "", DB_STOP, DB_STOP, 70},
    {DB_PHASE_BOOKKEEPING, "XX001", "", DB_STOP, DB_STOP, 74},
    {DB_PHASE_QUESTION, "XX001", "", DB_PLAIN, DB_STOP, 74},
    {DB_PHASE_QUESTION, "42501", "", DB_PLAIN, DB_STOP, 77},
    {DB_PHASE_QUESTION, "42804", "", DB_LOOK_AGAIN, DB_ISOLATE, 78},
    {DB_PHASE_QUESTION, "57014", "", DB_SMALLER, DB_ISOLATE, 69},
    {DB_PHASE_ROWS, "55P03", "", DB_WAIT, DB_STOP, 69},
    {DB_PHASE_ROWS, "57014", "", DB_SMALLER, DB_ISOLATE, 69},
    {DB_PHASE_ROWS, "40P01", "", DB_WAIT, DB_ISOLATE, 69},
    {DB_PHASE_ROWS, "53100", "", DB_RECONNECT, DB_ISOLATE, 69},
    {DB_PHASE_ROWS, "08P01", "server conn crashed?", DB_RECONNECT, DB_ISOLATE, 69},
    {DB_PHASE_ROWS, "08P01", "insufficient data left in message", DB_LOOK_AGAIN, DB_ISOLATE, 78},
    {DB_PHASE_ROWS, "42P01", "", DB_LOOK_AGAIN, DB_ISOLATE, 78},
    {DB_PHASE_ROWS, "23502", "", DB_LOOK_AGAIN, DB_ISOLATE, 78},
    {DB_PHASE_ROWS, "23514", "", DB_ISOLATE, DB_STOP, 78},
    {DB_PHASE_ROWS, "42501", "", DB_ISOLATE, DB_STOP, 77},
    {DB_PHASE_ROWS, "PT402", "", DB_ISOLATE, DB_STOP, 78},
    {DB_PHASE_ROWS, "XX001", "", DB_ISOLATE, DB_STOP, 74},
    {DB_PHASE_COMMIT, "23503", "", DB_ISOLATE, DB_STOP, 78},
    {DB_PHASE_COMMIT, "40001", "", DB_WAIT, DB_ISOLATE, 69},
    {DB_PHASE_MAINTENANCE, "42501", "", DB_STOP, DB_STOP, 77},
    {DB_PHASE_MAINTENANCE, "23503", "", DB_STOP, DB_STOP, 65},
    {DB_PHASE_MAINTENANCE, "57014", "", DB_SMALLER, DB_STOP, 69},
};

static void the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct db_decision d = of(table[i].phase, table[i].state, table[i].msg);
        if (d.action != table[i].action || d.then != table[i].then ||
            err_exit(d.code) != table[i].code)
            fail_msg("%s %s \"%s\": %s, then %s, %d", db_phase_word(table[i].phase), table[i].state,
                     table[i].msg, db_action_word(d.action), db_action_word(d.then),
                     err_exit(d.code));
    }
}

static void without_sqlstate_the_code_tells(void **state)
{
    struct err e = {.code = ERR_UNAVAILABLE};

    (void)state;
    assert_int_equal(db_decide(DB_PHASE_ROWS, &e).action, DB_RECONNECT);
    assert_int_equal(db_decide(DB_PHASE_ROWS, &e).then, DB_ISOLATE);
    assert_int_equal(db_decide(DB_PHASE_BOOKKEEPING, &e).then, DB_STOP);
    assert_int_equal(db_decide(DB_PHASE_CONNECT, &e).action, DB_RECONNECT);
    assert_int_equal(db_decide(DB_PHASE_CONNECT, &e).then, DB_END);
    e.code = ERR_CONFIG;
    assert_int_equal(db_decide(DB_PHASE_CONNECT, &e).action, DB_END);
    assert_int_equal(db_decide(DB_PHASE_CONNECT, &e).code, ERR_CONFIG);
    e.code = ERR_IO;
    assert_int_equal(db_decide(DB_PHASE_ROWS, &e).action, DB_STOP);
}

static void what_ends_is_explained(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    err_set(&e, ERR_INTERNAL, "the database says: no");
    memcpy(e.sqlstate, "42501", 6);
    db_explain(DB_PHASE_ROWS, &e);
    assert_int_equal(e.code, ERR_DENIED);
    assert_non_null(strstr(e.msg, "[42501]"));
    assert_non_null(strstr(e.msg, "grant the role"));
    assert_string_equal(e.sqlstate, "42501");
    err_set(
        &e, ERR_INTERNAL,
        "the database says: cannot update table \"x\" because it does not have a replica identity");
    memcpy(e.sqlstate, "55000", 6);
    db_explain(DB_PHASE_ROWS, &e);
    assert_non_null(strstr(e.msg, "REPLICA IDENTITY"));
}

/* For people: the whole walk, a line a state and phase. */
static void the_walk_for_the_log(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        print_message("%s", states[i]);
        for (int p = 0; p < DB_PHASES; p++) {
            struct db_decision d = of((enum db_phase)p, states[i], "words");
            print_message("  %s:%s>%s:%d", db_phase_word((enum db_phase)p),
                          db_action_word(d.action), db_action_word(d.then), err_exit(d.code));
        }
        print_message("\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_in_every_phase_has_an_end),
        cmocka_unit_test(connecting_ends_at_once_or_is_waited_for),
        cmocka_unit_test(loading_never_stops_before_rows_were_looked_for),
        cmocka_unit_test(a_question_can_be_gone_without),
        cmocka_unit_test(commands_and_bookkeeping_have_no_rows_to_look_for),
        cmocka_unit_test(the_table),
        cmocka_unit_test(without_sqlstate_the_code_tells),
        cmocka_unit_test(what_ends_is_explained),
        cmocka_unit_test(the_walk_for_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
