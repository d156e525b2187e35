#include "spool/attempt/failed_try.h"
#include "tests/unit/spool/helper.h"

static const char *path_of(const struct fixture *f, const char *name)
{
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/" TABLE "/%s", f->dir, name);
    return path;
}

static bool is_there(const struct fixture *f, const char *name)
{
    struct stat s;
    return stat(path_of(f, name), &s) == 0;
}

/* Writes what a run left that noted the error at a time. */
static void leave(const struct fixture *f, int64_t at)
{
    char text[256];
    char when[WHEN_TEXT];
    size_t n = (size_t)snprintf(
        text, sizeof text,
        "{\"netty_trying\":1,\"error\":\"%s\",\"at\":\"%s\",\"sum\":\"0000000000000000\"}\n",
        err_word(ERR_UNAVAILABLE), when_iso(at, when));
    int fd = open(path_of(f, "trying-load.json"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static void begin(struct fixture *f)
{
    fixture_open(f);
    (void)mkdir(path_of(f, ""), 0700);
}

static void what_is_tried_again_is_known_to_others(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    struct failed_try tries = {.spool = f.spool, .table = TABLE, .load = true};
    assert_int_equal(failed_try_read(f.spool, TABLE, true), OK);
    failed_try_note(&tries, ERR_UNAVAILABLE);
    assert_int_equal(failed_try_read(f.spool, TABLE, true), ERR_UNAVAILABLE);
    assert_int_equal(failed_try_read(f.spool, TABLE, false), OK);
    failed_try_note(&tries, ERR_BUSY);
    assert_int_equal(failed_try_read(f.spool, TABLE, true), ERR_BUSY);
    failed_try_note(&tries, OK);
    assert_int_equal(failed_try_read(f.spool, TABLE, true), OK);
    assert_false(is_there(&f, "trying-load.json"));
    fixture_close(&f);
}

static void the_file_of_a_run_that_was_killed_goes(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    struct failed_try killed = {.spool = f.spool, .table = TABLE};
    failed_try_note(&killed, ERR_UNAVAILABLE);
    assert_true(is_there(&f, "trying-extract.json"));
    struct failed_try next = {.spool = f.spool, .table = TABLE};
    failed_try_note(&next, OK);
    assert_false(is_there(&f, "trying-extract.json"));
    fixture_close(&f);
}

static void what_cannot_be_read_says_nothing(void **state)
{
    struct fixture f;
    (void)state;
    begin(&f);
    leave(&f, when_now());
    assert_int_equal(failed_try_read(f.spool, TABLE, true), OK); /* its checksum is wrong */
    assert_int_equal(failed_try_read(f.spool, "users", true), OK);
    struct failed_try nowhere = {.spool = NULL, .table = TABLE};
    failed_try_note(&nowhere, ERR_UNAVAILABLE);
    assert_int_equal(nowhere.told, OK);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_tried_again_is_known_to_others),
        cmocka_unit_test(the_file_of_a_run_that_was_killed_goes),
        cmocka_unit_test(what_cannot_be_read_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
