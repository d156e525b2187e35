/* What goes wrong when the database is asked what it has; that it goes right the end-to-end tests
 * show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake_server.h"
#include "load/publish/loaded_publish.h"
#include "spool_fixture.h"

struct answer {
    int calls;
    struct err err;
};

static void on_done(void *ctx, const struct err *err)
{
    struct answer *a = ctx;

    a->calls++;
    a->err = err != NULL ? *err : ERR_INIT;
}

/* The fixture's table says afterwards what was stored. */
static struct answer ask(struct fixture *f, const char *script, const char *state, size_t *stored)
{
    struct fake_server server;
    struct answer a = {0};
    struct loaded_publish *m = NULL;
    struct db *db = NULL;
    struct loaded loaded;
    struct err e = ERR_INIT;
    struct loaded_publish_conf conf = {.spool = f->spool, .store = true, .prune = true};

    fake_start(&server, script, state, "no");
    assert_int_equal(db_open(&db, &f->loop, server.conninfo, &e), OK);
    assert_int_equal(loaded_publish_open(&m, &f->loop, db, &conf, &e), OK);
    loaded_publish_run(m, on_done, &a);
    assert_int_equal(a.calls, 0); /* never from within */
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(a.calls, 1);
    loaded_publish_free(m);
    db_close(db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    fake_end(&server);
    assert_int_equal(loaded_read(f->spool, "contacts", &loaded, &e), OK);
    *stored = loaded.count;
    loaded_free(&loaded);
    return a;
}

static void test_nothing_is_stored_when_nobody_answers_for_it(void **state)
{
    static const struct {
        const char *script, *state, *message;
    } cases[] = {
        {"AqE", "42501", "cannot tell which database this is: "},
        {"Aq1", "", "does not say which one it is"},
        {"AqX", "", "cannot tell which database this is: "},
        {"X", "", ""},
        {"F", "28P01", ""},
    };
    struct fixture f;
    size_t stored;
    (void)state;

    fixture_open(&f);
    fixture_write(&f, "contacts", "{\"contact_id\":1}\n\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = ask(&f, cases[i].script, cases[i].state, &stored);
        assert_int_not_equal(a.err.code, OK);
        assert_int_equal(stored, 0);
        if (strstr(a.err.msg, cases[i].message) == NULL)
            fail_msg("%s: '%s'", cases[i].script, a.err.msg);
    }
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_stored_when_nobody_answers_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
