#include "fake_server.h"
#include "load/database/db.h"
#include "load/database/db_decide.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct answer {
    bool called;
    bool inside; /* the call that asked is still on the stack */
    struct err err;
    char value[64];
    int calls;
};

static uv_loop_t loop;
static struct db *db;

static void on_done(void *ctx, const PGresult *r, const struct err *err)
{
    struct answer *a = ctx;

    assert_false(a->inside);
    a->called = true;
    a->calls++;
    a->err = err != NULL ? *err : ERR_INIT;
    assert_true(err == NULL || r == NULL);
    if (r != NULL && PQntuples(r) > 0)
        snprintf(a->value, sizeof a->value, "%s", PQgetvalue(r, 0, 0));
}

static struct answer connect_now(void)
{
    struct answer a = {.inside = true};

    db_connect(db, on_done, &a);
    a.inside = false;
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(a.calls, 1);
    return a;
}

static struct answer ask(const char *sql, const struct db_param *params, size_t n)
{
    struct answer a = {.inside = true};

    db_query(db, sql, params, n, on_done, &a);
    a.inside = false;
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(a.calls, 1);
    return a;
}

static void open_db(const char *conninfo)
{
    struct err e = ERR_INIT;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(db_open(&db, &loop, conninfo, &e), OK);
}

static void close_db(void)
{
    db_close(db);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void connects_and_asks(void **state)
{
    struct fake_server s;
    struct db_param p = {.text = "x"};

    (void)state;
    fake_start(&s, "Aq1q1S", "", "");
    open_db(s.conninfo);
    assert_true(db_lost(db));
    assert_int_equal(connect_now().err.code, OK);
    assert_false(db_lost(db));
    assert_int_equal(db_server_version(db), 150001);
    assert_string_equal(ask("SELECT 1", NULL, 0).value, "1");
    assert_string_equal(ask("SELECT $1", &p, 1).value, "1");
    close_db();
    fake_end(&s);
}

static void an_error_leaves_the_connection(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqEq1S", "23505", "duplicate key value");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct answer a = ask("INSERT", NULL, 0);
    assert_int_equal(a.err.code, ERR_DATA);
    assert_string_equal(a.err.sqlstate, "23505");
    assert_non_null(strstr(a.err.msg, "duplicate key value"));
    assert_null(strstr(a.err.msg, "row content")); /* DETAIL stays out */
    assert_false(db_lost(db));
    assert_string_equal(ask("SELECT 1", NULL, 0).value, "1");
    close_db();
    fake_end(&s);
}

static void a_refused_login_has_its_sqlstate(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "F", "28P01", "password authentication failed for user \"u\"");
    open_db(s.conninfo);
    struct answer a = connect_now();
    assert_string_equal(a.err.sqlstate, "28P01");
    assert_int_equal(a.err.code, ERR_DENIED);
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &a.err), DB_FORBIDDEN);
    assert_true(db_lost(db));
    close_db();
    fake_end(&s);
}

static void a_starting_server_is_tried_again(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "F", "57P03", "the database system is starting up");
    open_db(s.conninfo);
    struct answer a = connect_now();
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &a.err), DB_AGAIN);
    assert_int_equal(a.err.code, ERR_UNAVAILABLE);
    close_db();
    fake_end(&s);
}

static void nobody_there(void **state)
{
    (void)state;
    open_db("host=127.0.0.1 port=1 dbname=d user=u");
    struct answer a = connect_now();
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &a.err), DB_AGAIN);
    a = ask("SELECT 1", NULL, 0);
    assert_int_equal(a.err.code, ERR_UNAVAILABLE);
    close_db();
}

static void a_server_that_goes_away(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqX", "", "");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct answer a = ask("SELECT 1", NULL, 0);
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &a.err), DB_AGAIN);
    assert_true(db_lost(db));
    close_db();
    fake_end(&s);
}

static void last_words_are_heard(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqFX", "57P01", "terminating connection due to administrator command");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct answer a = ask("SELECT 1", NULL, 0);
    assert_string_equal(a.err.sqlstate, "57P01");
    assert_true(db_lost(db));
    close_db();
    fake_end(&s);
}

struct feed {
    unsigned pieces;
    unsigned fail_at;
};

struct copy {
    struct answer a; /* first: the source and done share a context */
    struct feed f;
};

static enum err_code give(void *ctx, struct buf *out, struct err *e)
{
    struct copy *c = ctx;

    if (c->f.fail_at > 0 && c->f.pieces == c->f.fail_at)
        return err_set(e, ERR_IO, "the source failed");
    if (c->f.pieces++ >= 40)
        return OK;
    return buf_reserve(out, 65536) == OK
               ? (memset(out->data, 'x', 65536), buf_grown(out, 65536), OK)
               : ERR_NOMEM;
}

static struct copy copy_now(unsigned fail_at)
{
    struct copy c = {.a = {.inside = true}, .f = {.fail_at = fail_at}};

    db_copy(db, "COPY", give, on_done, &c);
    c.a.inside = false;
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(c.a.calls, 1);
    return c;
}

static void copies(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqGcT1S", "", "");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct copy c = copy_now(0);
    assert_int_equal(c.a.err.code, OK);
    assert_string_equal(c.a.value, "1"); /* of the statement after it */
    assert_int_equal(c.f.pieces, 41);
    close_db();
    fake_end(&s);
}

static void a_failing_source_cancels_the_copy(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqGcEq1S", "57014", "COPY from stdin failed");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct copy c = copy_now(3);
    assert_string_equal(c.a.err.msg, "the source failed");
    assert_int_equal(c.a.err.code, ERR_IO);
    assert_string_equal(ask("SELECT 1", NULL, 0).value, "1");
    close_db();
    fake_end(&s);
}

static void a_copy_that_is_refused(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqEq1S", "42P01", "relation does not exist");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct copy c = copy_now(0);
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &c.a.err), DB_NO_TABLE);
    assert_int_equal(c.f.pieces, 0);
    assert_string_equal(ask("SELECT 1", NULL, 0).value, "1");
    close_db();
    fake_end(&s);
}

static void a_copy_that_fails_on_its_way(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqGEcq1S", "57014", "canceling statement due to statement timeout");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct copy c = copy_now(0);
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &c.a.err), DB_TOO_SLOW);
    assert_string_equal(ask("SELECT 1", NULL, 0).value, "1");
    close_db();
    fake_end(&s);
}

static void a_server_that_dies_in_a_copy(void **state)
{
    struct fake_server s;

    (void)state;
    fake_start(&s, "AqGX", "", "");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    struct copy c = copy_now(0);
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &c.a.err), DB_AGAIN);
    assert_true(db_lost(db));
    close_db();
    fake_end(&s);
}

static void a_silent_server_is_given_up(void **state)
{
    struct fake_server s;
    char conninfo[300];

    (void)state;
    fake_start(&s, "S", "", "");
    /* The last of two counts. */
    snprintf(conninfo, sizeof conninfo, "%s connect_timeout=1", s.conninfo);
    open_db(conninfo);
    struct answer a = connect_now();
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &a.err), DB_AGAIN);
    assert_non_null(strstr(a.err.msg, "does not answer"));
    close_db();
    fake_end(&s);
}

/* It takes the connection, and that is all: libpq would wait for it and for nobody else. */
static void a_silent_host_does_not_keep_from_the_next_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fake_server silent;
        struct fake_server talking;
        char conninfo[500];
        fake_start(&silent, "S", "", "");
        fake_start(&talking, "Aq1S", "", "");
        const char *ports[] = {strstr(silent.conninfo, "port=") + 5,
                               strstr(talking.conninfo, "port=") + 5};
        int n[] = {(int)strcspn(ports[0], " "), (int)strcspn(ports[1], " ")};
        (void)snprintf(conninfo, sizeof conninfo,
                       "host=127.0.0.1,127.0.0.1%s port=%s%.*s,%.*s dbname=d user=u "
                       "sslmode=disable gssencmode=disable connect_timeout=1",
                       i > 0 ? ",127.0.0.1" : "", i > 0 ? "1," : "", n[0], ports[0], n[1],
                       ports[1]);
        open_db(conninfo);
        struct answer a = connect_now();
        assert_string_equal(a.err.msg, "");
        assert_int_equal(a.err.code, OK);
        assert_string_equal(ask("SELECT 1", NULL, 0).value, "1");
        close_db();
        fake_end(&silent);
        fake_end(&talking);
    }
}

static void silent_hosts_alone_are_given_up(void **state)
{
    struct fake_server s[2];
    char conninfo[500];

    (void)state;
    fake_start(&s[0], "S", "", "");
    fake_start(&s[1], "S", "", "");
    const char *ports[] = {strstr(s[0].conninfo, "port=") + 5, strstr(s[1].conninfo, "port=") + 5};
    (void)snprintf(conninfo, sizeof conninfo,
                   "host=127.0.0.1,127.0.0.1 port=%.*s,%.*s dbname=d user=u sslmode=disable "
                   "gssencmode=disable connect_timeout=1",
                   (int)strcspn(ports[0], " "), ports[0], (int)strcspn(ports[1], " "), ports[1]);
    open_db(conninfo);
    struct answer a = connect_now();
    assert_int_equal(db_trouble_of(DB_PHASE_MAINTENANCE, &a.err), DB_AGAIN);
    assert_non_null(strstr(a.err.msg, "does not answer"));
    close_db();
    fake_end(&s[0]);
    fake_end(&s[1]);
}

static void dropping_calls_nobody(void **state)
{
    struct fake_server s;
    struct answer a = {0};

    (void)state;
    fake_start(&s, "AqS", "", "");
    open_db(s.conninfo);
    assert_int_equal(connect_now().err.code, OK);
    db_query(db, "SELECT 1", NULL, 0, on_done, &a);
    db_drop(db);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(a.calls, 0);
    assert_true(db_lost(db));
    close_db();
    fake_end(&s);
}

static void passwords_are_kept_secret(void **state)
{
    struct buf text;
    struct db *d = NULL;
    struct err e = ERR_INIT;

    (void)state;
    buf_init(&text, 4096);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(db_open(&d, &loop, "postgresql://u:in-the-url@h/d", &e), OK);
    assert_int_equal(buf_adds(&text, "a in-the-url b"), OK);
    assert_int_equal(redact_text(&text), OK);
    assert_string_equal(text.data, "a *** b");
    db_close(d);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(db_open(&d, &loop, "postgresql://u:broken%zzpass@h/d", &e), ERR_CONFIG);
    assert_null(strstr(e.msg, "broken"));
    assert_int_equal(uv_loop_close(&loop), 0);
    buf_free(&text);
    redact_forget();
}

/* Its password spills into what libpq takes for the host or the port. */
static void a_password_written_plainly_in_a_url_is_not_shown(void **state)
{
    static const char *const bad[] = {
        "postgresql://u:geheim@treasure@127.0.0.1:5432/d",
        "postgresql://u:treasure/1@127.0.0.1:5432/d",
    };
    static const char *const good[] = {"host=@/a,@/b port=5432,5433 dbname=d",
                                       "postgresql://u:treasure%40@127.0.0.1,[::1]:5433/d", "",
                                       NULL};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err e = ERR_INIT;
        struct db *none = NULL;
        assert_int_equal(uv_loop_init(&loop), 0);
        assert_int_equal(db_open(&none, &loop, bad[i], &e), ERR_CONFIG);
        assert_null(none);
        assert_null(strstr(e.msg, "treasure"));
        assert_int_equal(uv_loop_close(&loop), 0);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        open_db(good[i]);
        close_db();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_and_asks),
        cmocka_unit_test(an_error_leaves_the_connection),
        cmocka_unit_test(a_refused_login_has_its_sqlstate),
        cmocka_unit_test(a_starting_server_is_tried_again),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(a_server_that_goes_away),
        cmocka_unit_test(last_words_are_heard),
        cmocka_unit_test(copies),
        cmocka_unit_test(a_failing_source_cancels_the_copy),
        cmocka_unit_test(a_copy_that_is_refused),
        cmocka_unit_test(a_copy_that_fails_on_its_way),
        cmocka_unit_test(a_server_that_dies_in_a_copy),
        cmocka_unit_test(a_silent_server_is_given_up),
        cmocka_unit_test(a_silent_host_does_not_keep_from_the_next_ones),
        cmocka_unit_test(silent_hosts_alone_are_given_up),
        cmocka_unit_test(dropping_calls_nobody),
        cmocka_unit_test(passwords_are_kept_secret),
        cmocka_unit_test(a_password_written_plainly_in_a_url_is_not_shown),
    };
    log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
