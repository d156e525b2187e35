/* What the spool remembers of how the API took the key. */
#include "extract/api/circuit_breaker.h"
#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ID  "0123456789abcdef0123456789abcdef"
#define NOW (INT64_C(1700000000) * 1000000)
#define S   INT64_C(1000000)

struct world {
    char dir[64];
    char file[128];
    struct secret *key;
    struct secret *other;
    struct circuit_breaker *b;
};

static struct circuit_breaker *open_with(struct world *w, const struct secret *key)
{
    struct circuit_breaker *b = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(circuit_breaker_open(&b, w->dir, ID, key, &e), OK);
    return b;
}

static int set_up(void **state)
{
    struct err e = ERR_INIT;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "/tmp/netty-breaker-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->file, sizeof w->file, "%s/" CIRCUIT_BREAKER_FILE, w->dir);
    assert_int_equal(secret_from_text(&w->key, "key-number-one", &e), OK);
    assert_int_equal(secret_from_text(&w->other, "key-number-two", &e), OK);
    w->b = open_with(w, w->key);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    circuit_breaker_close(w->b);
    (void)unlink(w->file);
    assert_int_equal(rmdir(w->dir), 0);
    secret_free(w->key);
    secret_free(w->other);
    free(w);
    return 0;
}

static void begins_closed(void **state)
{
    struct world *w = *state;
    assert_int_equal(circuit_breaker_look(w->b, NOW), CIRCUIT_BREAKER_CLOSED);
    assert_false(circuit_breaker_key_worked(w->b));
    assert_int_not_equal(access(w->file, F_OK), 0);
}

static void a_late_answer_closes_nothing(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    assert_int_equal(circuit_breaker_trip(w->b, NOW, 429, 10 * S, &e), OK);
    assert_int_equal(circuit_breaker_worked(w->b, &e), OK);
    assert_int_equal(circuit_breaker_look(w->b, NOW + 1 * S), CIRCUIT_BREAKER_OPEN);
    assert_true(circuit_breaker_key_worked(w->b));
    assert_int_equal(circuit_breaker_worked(w->b, &e), OK);
    assert_int_equal(circuit_breaker_look(w->b, NOW + 1 * S), CIRCUIT_BREAKER_OPEN);
}

static void remembers_that_the_key_worked(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    struct buf text;
    assert_int_equal(circuit_breaker_worked(w->b, &e), OK);
    circuit_breaker_close(w->b);
    w->b = open_with(w, w->key);
    assert_true(circuit_breaker_key_worked(w->b));
    buf_init(&text, 4096);
    assert_int_equal(io_read_file(w->file, &text, &e), OK);
    assert_null(strstr(text.data, "key-number"));
    buf_free(&text);
    /* Another key starts afresh. */
    struct circuit_breaker *other = open_with(w, w->other);
    assert_false(circuit_breaker_key_worked(other));
    circuit_breaker_close(other);
}

static void rests_then_tries_once(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    struct circuit_breaker *elsewhere = open_with(w, w->key);
    assert_int_equal(circuit_breaker_worked(w->b, &e), OK);
    assert_int_equal(circuit_breaker_trip(w->b, NOW, 429, 30 * S, &e), OK);
    assert_int_equal(circuit_breaker_look(elsewhere, NOW + 1), CIRCUIT_BREAKER_OPEN);
    assert_int_equal(circuit_breaker_until(elsewhere), NOW + 30 * S);
    assert_true(circuit_breaker_key_worked(elsewhere));
    assert_int_equal(circuit_breaker_look(elsewhere, NOW + 30 * S - 1), CIRCUIT_BREAKER_OPEN);
    assert_int_equal(circuit_breaker_look(elsewhere, NOW + 30 * S), CIRCUIT_BREAKER_TRY);
    /* While one tries, the others stay away; */
    assert_int_equal(circuit_breaker_probe(w->b, NOW + 31 * S, &e), OK);
    assert_int_equal(circuit_breaker_look(w->b, NOW + 32 * S), CIRCUIT_BREAKER_CLOSED);
    assert_int_equal(circuit_breaker_look(elsewhere, NOW + 32 * S), CIRCUIT_BREAKER_OPEN);
    /* its success lets them go on, */
    assert_int_equal(circuit_breaker_worked(w->b, &e), OK);
    assert_int_equal(circuit_breaker_look(elsewhere, NOW + 33 * S), CIRCUIT_BREAKER_CLOSED);
    /* and its failure does not. */
    assert_int_equal(circuit_breaker_trip(w->b, NOW + 40 * S, 403, -1, &e), OK);
    assert_int_equal(circuit_breaker_look(w->b, NOW + 41 * S), CIRCUIT_BREAKER_OPEN);
    assert_int_equal(circuit_breaker_until(w->b), NOW + 40 * S + CIRCUIT_BREAKER_REST);
    circuit_breaker_close(elsewhere);
}

/* The file has been as it is for a while, so that it is not read each time; what another program writes counts all the same. */
static void sees_what_others_write_later(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    struct circuit_breaker *elsewhere = open_with(w, w->key);
    assert_int_equal(circuit_breaker_worked(w->b, &e), OK);
    for (int64_t round = 0; round < 3; round++) {
        (void)usleep(200000);
        assert_int_equal(circuit_breaker_look(elsewhere, NOW), CIRCUIT_BREAKER_CLOSED);
        assert_int_equal(circuit_breaker_look(elsewhere, NOW), CIRCUIT_BREAKER_CLOSED);
        assert_int_equal(circuit_breaker_trip(w->b, NOW, 429, 30 * S, &e), OK);
        assert_int_equal(circuit_breaker_look(elsewhere, NOW + 1), CIRCUIT_BREAKER_OPEN);
        (void)usleep(200000);
        assert_int_equal(circuit_breaker_look(elsewhere, NOW + 1), CIRCUIT_BREAKER_OPEN);
        assert_int_equal(circuit_breaker_look(elsewhere, NOW + 1), CIRCUIT_BREAKER_OPEN);
        assert_int_equal(circuit_breaker_probe(w->b, NOW + 31 * S, &e), OK);
        assert_int_equal(circuit_breaker_worked(w->b, &e), OK);
    }
    assert_int_equal(unlink(w->file), 0);
    assert_int_equal(circuit_breaker_look(elsewhere, NOW), CIRCUIT_BREAKER_CLOSED);
    assert_false(circuit_breaker_key_worked(elsewhere));
    circuit_breaker_close(elsewhere);
}

static void clamps_what_it_is_asked(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    assert_int_equal(circuit_breaker_trip(w->b, NOW, 429, 0, &e), OK);
    assert_int_equal(circuit_breaker_look(w->b, NOW), CIRCUIT_BREAKER_OPEN);
    assert_int_equal(circuit_breaker_until(w->b), NOW + CIRCUIT_BREAKER_LEAST);
    assert_int_equal(circuit_breaker_trip(w->b, NOW, 429, INT64_MAX, &e), OK);
    assert_int_equal(circuit_breaker_until(w->b), NOW + CIRCUIT_BREAKER_MOST);
    /* A clock that was years ahead does not lock the door for years. */
    assert_int_equal(circuit_breaker_trip(w->b, NOW + INT64_C(300000000) * S, 429, 60 * S, &e), OK);
    assert_int_equal(circuit_breaker_look(w->b, NOW), CIRCUIT_BREAKER_CLOSED);
}

static void understands_nothing_foreign(void **state)
{
    struct world *w = *state;
    static const char *const texts[] = {
        "",
        "nonsense",
        "{}",
        "[]",
        "{\"netty_breaker\":1}",
        "{\"netty_breaker\":2,\"key\":\"00000000\",\"worked\":true}",
        "{\"netty_breaker\":1,\"key\":17,\"worked\":true,\"until\":\"2999-01-01T00:00:00Z\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err e = ERR_INIT;
        assert_int_equal(io_replace(w->dir, CIRCUIT_BREAKER_FILE, texts[i], strlen(texts[i]), &e),
                         OK);
        assert_int_equal(circuit_breaker_look(w->b, NOW), CIRCUIT_BREAKER_CLOSED);
        assert_false(circuit_breaker_key_worked(w->b));
    }
}

static void names_a_folder_it_cannot_write(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;
    struct circuit_breaker *b = NULL;
    assert_int_equal(circuit_breaker_open(&b, "/nowhere/at/all", ID, w->key, &e), OK);
    assert_int_not_equal(circuit_breaker_worked(b, &e), OK);
    assert_non_null(strstr(e.msg, "/nowhere/at/all"));
    circuit_breaker_close(b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(begins_closed),
        TEST(a_late_answer_closes_nothing),
        TEST(remembers_that_the_key_worked),
        TEST(rests_then_tries_once),
        TEST(sees_what_others_write_later),
        TEST(clamps_what_it_is_asked),
        TEST(understands_nothing_foreign),
        TEST(names_a_folder_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
