#include "spool/format/checksum_line.h"
#include "spool/status/run_history.h"
#include "tests/unit/spool/helper.h"
#include <sys/stat.h>
#include <sys/wait.h>

static struct run_history_entry example(int64_t n)
{
    struct run_history_entry run = {.began = n * WHEN_SECOND,
                                    .ended = (n + 2) * WHEN_SECOND,
                                    .busy = 1500000,
                                    .complete_to = WHEN_NONE,
                                    .kind = "changes",
                                    .status = "failed",
                                    .error = "unavailable"};
    run.counts[RUN_REQUESTS] = n;
    run.counts[RUN_INSERTED] = 10 * n;
    run.counts[RUN_RETRIES] = 7;
    return run;
}

static void open_table(struct fixture *f)
{
    fixture_open(f);
    write_pages(f, 1, 1, 1);
}

static void test_none_yet(void **state)
{
    struct fixture f;
    struct run_history r;
    (void)state;
    open_table(&f);
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_LOAD, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 0);
    run_history_free(&r);
    fixture_close(&f);
}

static void test_a_run_comes_back_as_it_was_and_each_side_has_its_own_counts(void **state)
{
    struct fixture f;
    struct run_history r;
    (void)state;
    struct run_history_entry run = example(5);
    open_table(&f);
    run.complete_to = 123456789;
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &run, e));
    run.complete_to = WHEN_NONE;
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_LOAD, &run, e));
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.entries[0].began, 5 * WHEN_SECOND);
    assert_int_equal(r.entries[0].ended, 7 * WHEN_SECOND);
    assert_int_equal(r.entries[0].busy, 1500000);
    assert_int_equal(r.entries[0].complete_to, 123456789);
    assert_string_equal(r.entries[0].kind, "changes");
    assert_string_equal(r.entries[0].status, "failed");
    assert_string_equal(r.entries[0].error, "unavailable");
    assert_int_equal(r.entries[0].counts[RUN_REQUESTS], 5);
    assert_int_equal(r.entries[0].counts[RUN_INSERTED], 0);
    assert_int_equal(r.entries[0].counts[RUN_RETRIES], 7);
    run_history_free(&r);
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_LOAD, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.entries[0].counts[RUN_REQUESTS], 0);
    assert_int_equal(r.entries[0].counts[RUN_INSERTED], 50);
    run_history_free(&r);
    fixture_close(&f);
}

static void path_of(const struct fixture *f, char out[256])
{
    (void)snprintf(out, 256, "%s/" TABLE "/runs-extract.ndjson", f->dir);
}

/* What is as usual is left out: the end after so much work, the kind, the status, no error, and what was counted nowhere. */
static void test_a_usual_run_is_a_short_line(void **state)
{
    struct fixture f;
    struct run_history r;
    struct buf text;
    char path[256];
    (void)state;
    open_table(&f);
    struct run_history_entry run = {.began = 5 * WHEN_SECOND,
                                    .ended = 7 * WHEN_SECOND,
                                    .busy = 2 * WHEN_SECOND,
                                    .complete_to = 123456789,
                                    .kind = "changes",
                                    .status = "complete"};
    run.counts[RUN_REQUESTS] = 1;
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &run, e));
    path_of(&f, path);
    read_file(path, &text);
    assert_true(text.len < 180);
    buf_free(&text);
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.entries[0].ended, 7 * WHEN_SECOND);
    assert_int_equal(r.entries[0].busy, 2 * WHEN_SECOND);
    assert_string_equal(r.entries[0].kind, "changes");
    assert_string_equal(r.entries[0].status, "complete");
    assert_string_equal(r.entries[0].error, "");
    assert_int_equal(r.entries[0].counts[RUN_REQUESTS], 1);
    assert_int_equal(r.entries[0].counts[RUN_PAGES], 0);
    run_history_free(&r);
    fixture_close(&f);
}

/* As a line was before any member could be left out. */
static void test_a_line_from_before_comes_back(void **state)
{
    static const char old[] =
        "{\"run\":\"extract\",\"began\":\"2026-11-30T10:51:13.660906Z\",\"ended\":\"2026-11-30T10:"
        "51:"
        "14.660906Z\",\"busy_us\":33503,\"kind\":\"full\",\"status\":\"partial\",\"error\":\"\","
        "\"complete_to\":null,\"requests\":1,\"pages\":1,\"records\":5,\"bytes\":1505,\"errors\":0,"
        "\"set_aside\":0,\"retries\":0";
    struct fixture f;
    struct run_history r;
    struct buf line;
    char path[256];
    (void)state;
    open_table(&f);
    buf_init(&line, 4096);
    assert_int_equal(buf_adds(&line, old), OK);
    assert_int_equal(checksum_line_end(&line, 0), OK);
    path_of(&f, path);
    write_file(path, line.data, line.len);
    buf_free(&line);
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.entries[0].ended - r.entries[0].began, WHEN_SECOND);
    assert_int_equal(r.entries[0].busy, 33503);
    assert_string_equal(r.entries[0].kind, "full");
    assert_string_equal(r.entries[0].status, "partial");
    assert_int_equal(r.entries[0].counts[RUN_BYTES], 1505);
    run_history_free(&r);
    fixture_close(&f);
}

static void test_only_the_newest_are_kept_in_their_order(void **state)
{
    struct fixture f;
    struct run_history r;
    (void)state;
    open_table(&f);
    struct err long_one = ERR_INIT;
    char path[256];
    struct stat st;
    const int n = 700; /* six bytes a character: the file is full after some 430 */
    for (int i = 0; i < 600; i++)
        (void)snprintf(long_one.msg + i, 2, "\x01");
    for (int i = 1; i <= n; i++) {
        struct run_history_entry run = example(i);
        run_history_failed(&run, &long_one);
        assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &run, e));
    }
    path_of(&f, path);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size <= RUN_HISTORY_BYTES);
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_true(r.count >= 200 && r.count < 700);
    for (size_t i = 0; i < r.count; i++)
        assert_int_equal(r.entries[i].counts[RUN_REQUESTS], n - (int)r.count + (int)i + 1);
    assert_int_equal(strlen(r.entries[0].message), RUN_HISTORY_MESSAGE - 1);
    run_history_free(&r);
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, 3, &r, e));
    assert_int_equal(r.count, 3);
    assert_int_equal(r.entries[2].counts[RUN_REQUESTS], n);
    run_history_free(&r);
    fixture_close(&f);
}

/* At a run each ten minutes, of which each fails, with a text of the greatest length. */
static void test_a_week_is_kept(void **state)
{
    struct fixture f;
    struct run_history r;
    struct err why = ERR_INIT;
    (void)state;
    open_table(&f);
    memset(why.msg, 'x', RUN_HISTORY_MESSAGE + 50);
    why.code = ERR_UNAVAILABLE;
    size_t least = SIZE_MAX;
    const int week = 7 * 24 * 6;
    for (int i = 1; i <= 2 * week; i++) {
        struct run_history_entry run = example(i);
        run_history_failed(&run, &why);
        assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &run, e));
        if (i < week || i % 16 != 0)
            continue;
        assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
        least = r.count < least ? r.count : least;
        run_history_free(&r);
    }
    assert_true(least >= (size_t)week);
    fixture_close(&f);
}

/* The text of an error has anything in it; it is not cut within a letter. */
static void test_the_errors_text_comes_back(void **state)
{
    struct fixture f;
    struct run_history r;
    struct err why = ERR_INIT;
    struct run_history_entry run = example(1);
    (void)state;
    open_table(&f);
    err_set(&why, ERR_DENIED, "the \"key\" \\ of caf\xc3\xa9 is refused\n401");
    run_history_failed(&run, &why);
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_LOAD, &run, e));
    for (size_t i = 0; i + 2 < sizeof why.msg; i += 2)
        memcpy(why.msg + i, "\xc3\xa9", 3);
    run_history_failed(&run, &why);
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_LOAD, &run, e));
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_LOAD, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 2);
    assert_string_equal(r.entries[0].error, "denied");
    assert_non_null(strstr(r.entries[0].message, "the \"key\" \\ of caf\xc3\xa9 is refused"));
    assert_int_equal(strlen(r.entries[1].message) % 2, 0);
    run_history_free(&r);
    fixture_close(&f);
}

static void test_damage_costs_the_damaged_lines_alone(void **state)
{
    struct fixture f;
    struct buf text;
    struct run_history r;
    char path[256];
    (void)state;
    open_table(&f);
    for (int i = 1; i <= 3; i++) {
        struct run_history_entry run = example(i);
        assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &run, e));
    }
    path_of(&f, path);
    read_file(path, &text);
    char *second = strchr(text.data, '\n') + 20;
    *second ^= 1;
    write_file(path, text.data, text.len - 10); /* and the third is torn */
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.entries[0].counts[RUN_REQUESTS], 1);
    run_history_free(&r);
    struct run_history_entry more = example(4);
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &more, e));
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 2);
    assert_int_equal(r.entries[1].counts[RUN_REQUESTS], 4);
    run_history_free(&r);
    buf_free(&text);
    fixture_close(&f);
}

static void test_a_file_that_is_none_of_ours_is_replaced(void **state)
{
    struct fixture f;
    struct run_history r;
    char path[256];
    (void)state;
    open_table(&f);
    path_of(&f, path);
    char *large = calloc(1, 2 << 20);
    assert_non_null(large);
    memset(large, 'x', 2 << 20);
    write_file(path, large, 2 << 20);
    free(large);
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 0);
    run_history_free(&r);
    struct run_history_entry run = example(4);
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &run, e));
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, 1);
    run_history_free(&r);
    fixture_close(&f);
}

static void test_several_writers_lose_nothing(void **state)
{
    enum {
        WRITERS = 4,
        EACH = 8
    };
    struct fixture f;
    struct run_history r;
    pid_t pids[WRITERS];
    (void)state;
    open_table(&f);
    for (int w = 0; w < WRITERS; w++) {
        pids[w] = fork();
        assert_true(pids[w] >= 0);
        if (pids[w] == 0) {
            int bad = 0;
            for (int i = 0; i < EACH; i++) {
                struct run_history_entry run = example(w * EACH + i);
                struct err why = ERR_INIT;
                bad += run_history_add(f.spool, TABLE, RUN_HISTORY_EXTRACT, &run, &why) != OK;
            }
            _exit(bad);
        }
    }
    for (int w = 0; w < WRITERS; w++) {
        int status = 0;
        assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
        assert_int_equal(status, 0);
    }
    assert_ok(run_history_read(f.spool, TABLE, RUN_HISTORY_EXTRACT, SIZE_MAX, &r, e));
    assert_int_equal(r.count, WRITERS * EACH);
    int64_t sum = 0;
    for (size_t i = 0; i < r.count; i++)
        sum += r.entries[i].counts[RUN_REQUESTS];
    assert_int_equal(sum, WRITERS * EACH * (WRITERS * EACH - 1) / 2);
    run_history_free(&r);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_yet),
        cmocka_unit_test(test_a_run_comes_back_as_it_was_and_each_side_has_its_own_counts),
        cmocka_unit_test(test_a_usual_run_is_a_short_line),
        cmocka_unit_test(test_a_line_from_before_comes_back),
        cmocka_unit_test(test_only_the_newest_are_kept_in_their_order),
        cmocka_unit_test(test_a_week_is_kept),
        cmocka_unit_test(test_the_errors_text_comes_back),
        cmocka_unit_test(test_damage_costs_the_damaged_lines_alone),
        cmocka_unit_test(test_a_file_that_is_none_of_ours_is_replaced),
        cmocka_unit_test(test_several_writers_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
