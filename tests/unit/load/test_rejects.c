#include "load/dead_letters/redrive.h"
#include "load/dead_letters/rejects.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "spool_fixture.h"

#define ROUNDS 150u
#define ROUND  20u

static struct fixture fx;

static int set_up(void **state)
{
    (void)state;
    fixture_open(&fx);
    fixture_write(&fx, "contacts", "{\"contact_id\":1}\n\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_close(&fx);
    return 0;
}

/* Bytes that this process has read and written so far. */
static uint64_t traffic(void)
{
    char text[64] = "";
    char *end;
    FILE *io = fopen("/proc/self/io", "re");

    assert_non_null(io);
    assert_true(fread(text, 1, sizeof text - 1, io) > 20);
    assert_int_equal(fclose(io), 0);
    uint64_t in = strtoull(text + strlen("rchar: "), &end, 10);
    return in + strtoull(end + strlen("\nwchar: "), NULL, 10);
}

static uint64_t size_of_file(void)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof path, "%s/contacts/dead-load.ndjson", fx.dir);
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static struct dead_letter letter(uint64_t page, uint64_t line)
{
    static char raw[400];

    memset(raw, 'x', sizeof raw);
    (void)snprintf(raw, sizeof raw / 2, "%llu/%llu", (unsigned long long)page,
                   (unsigned long long)line);
    return (struct dead_letter){.at = 1,
                                .reason = "nul",
                                .sqlstate = "22P05",
                                .message = "a string has \\u0000",
                                .file = "contacts/0000000001.ndjson",
                                .place = {1, page},
                                .line = line,
                                .raw = raw,
                                .raw_len = sizeof raw};
}

static void write_round(struct rejects *a, uint64_t page)
{
    struct err e = ERR_INIT;

    for (uint64_t line = ROUND; line > 0; line--) {
        struct dead_letter l = letter(page, line);
        assert_int_equal(rejects_add(a, &l, &e), OK);
    }
    assert_true(rejects_has(a, (struct page_place){1, page}, 3));
    assert_false(rejects_has(a, (struct page_place){1, page}, ROUND + 1));
    assert_int_equal(rejects_write(a, NULL, NULL, false, &e), OK);
    rejects_committed(a);
    assert_false(rejects_has(a, (struct page_place){1, page}, 3));
}

static struct rejects *open_aside(void)
{
    struct rejects *a = NULL;
    struct err e = ERR_INIT;

    assert_int_equal(rejects_open(&a, fx.spool, "contacts", "contact_id", NULL, &e), OK);
    return a;
}

/* Batch after batch, each with some to set aside: the file is written once and read once. */
static void many_batches_cost_what_their_letters_cost(void **state)
{
    struct rejects *a = open_aside();
    uint64_t before = traffic();

    (void)state;
    for (uint64_t page = 1; page <= ROUNDS; page++)
        write_round(a, page);
    assert_in_range(traffic() - before, 1, 4 * size_of_file());
    rejects_close(a);
}

static void none_is_written_twice(void **state)
{
    struct rejects *a = open_aside();
    uint64_t size;

    (void)state;
    for (uint64_t page = 1; page <= 10; page++)
        write_round(a, page);
    size = size_of_file();
    for (uint64_t page = 10; page > 0; page--)
        write_round(a, page);
    rejects_close(a);
    a = open_aside();
    for (uint64_t page = 1; page <= 10; page++)
        write_round(a, page);
    assert_int_equal(size_of_file(), size);
    write_round(a, 11);
    assert_true(size_of_file() > size);
    rejects_close(a);
}

static bool keep_some(void *ctx, struct page_place place, uint64_t line)
{
    (void)ctx;
    (void)place;
    return line == 7;
}

static uint64_t redrive_all(size_t batch, bool flush)
{
    struct redrive *l = NULL;
    const struct redrive_letter *at = NULL;
    uint64_t seen = 0;
    struct err e = ERR_INIT;

    assert_int_equal(redrive_open(&l, fx.spool, "contacts", &e), OK);
    for (size_t n = 1; n > 0; seen += n) {
        struct redrive_letter last = {0};
        n = 0;
        do {
            assert_int_equal(redrive_next(l, &at, &e), OK);
            last = at != NULL ? *at : last;
        } while (at != NULL && ++n < batch);
        assert_int_equal(redrive_commit(l, keep_some, NULL, &e), OK);
        if (n > 0)
            assert_int_equal(redrive_done(l, last.place, last.line), last.line != 7);
    }
    if (flush)
        assert_int_equal(redrive_flush(l, &e), OK);
    redrive_close(l);
    return seen;
}

static void letters_that_went_in_leave_the_file_many_at_a_time(void **state)
{
    struct rejects *a = open_aside();
    uint64_t size;
    uint64_t before;

    (void)state;
    for (uint64_t page = 1; page <= ROUNDS; page++)
        write_round(a, page);
    rejects_close(a);
    size = size_of_file();
    before = traffic();
    assert_int_equal(redrive_all(25, true), ROUNDS * ROUND);
    assert_in_range(traffic() - before, 1, 4 * size);
    assert_in_range(size_of_file(), size / 25, size / 15);
    assert_int_equal(redrive_all(7, false), ROUNDS);
    assert_in_range(size_of_file(), size / 25, size / 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_batches_cost_what_their_letters_cost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(none_is_written_twice, set_up, tear_down),
        cmocka_unit_test_setup_teardown(letters_that_went_in_leave_the_file_many_at_a_time, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
