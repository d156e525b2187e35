#include "load/run/spool_watch.h"
#include "shared/files/file_io.h"
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
    /* Several pages, one call, and no sooner than half a second after the first, so that a trickle of pages is one call, too. */
    int64_t began = when_tick();
    fixture_write(&fx, "contacts", "{}\n\n{}\n\n{}\n\n");
    wait_for(&loop, &h);
    assert_int_equal(h.calls, 1);
    assert_true(when_tick() - began >= 490000);
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

/* A disk that is slow to sync: the lines were looked at long ago, and only now they count. */
static void an_acknowledgement_is_heard(void **state)
{
    struct fixture fx;
    struct spool_watch *f = NULL;
    struct heard h = {0};
    struct err e = ERR_INIT;
    uv_loop_t loop;
    char path[IO_PATH];

    (void)state;
    fixture_open(&fx);
    fixture_write(&fx, "contacts", "{}\n\n");
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(spool_watch_open(&f, &loop, fx.spool, changed, &h, &e), OK);
    spool_watch_table(f, "contacts");
    assert_int_equal(io_path(path, fx.dir, "contacts/acked.json", &e), OK);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "{", 1, 0), 1);
    assert_int_equal(close(fd), 0);
    wait_for(&loop, &h);
    assert_false(h.all); /* not the look at all tables that comes every ten seconds */
    assert_string_equal(h.table, "contacts");
    spool_watch_close(f);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    fixture_close(&fx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_and_tables_are_heard),
        cmocka_unit_test(an_acknowledgement_is_heard),
    };
    log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
