#include "unchanged_fixture.h"

#include <signal.h>
#include <sys/resource.h>

static void test_what_was_learned_is_found_again_by_the_next_who_opens(void **state)
{
    (void)state;
    struct unchanged *u = open_as(&id);
    struct unchanged_seen seen;

    expect_unknown(u, 1);
    learn(u, 1, 77);
    expect_known(u, 1, 77);
    assert_int_equal(unchanged_validity(u)[2].xid, 0);
    unchanged_validate(u, 4, 78, &place);
    unchanged_close(u);
    u = open_as(&id);
    expect_known(u, 1, 77);
    assert_int_equal(unchanged_validity(u)[2].xid, 78);
    assert_int_equal(progress_compare(&unchanged_validity(u)[2].at, &place), 0);
    assert_int_equal(unchanged_validity(u)[1].xid, 0);
    assert_true(find(u, 1, &seen));
    unchanged_invalidate(u, seen.at);
    expect_unknown(u, 1);
    learn(u, 1, 80);
    learn(u, 1, 81);
    expect_known(u, 1, 81);
    learn(u, 2, 0); /* of no known version */
    expect_unknown(u, 2);
    unchanged_clear(u);
    expect_unknown(u, 1);
    assert_int_equal(unchanged_validity(u)[2].xid, 0);
    unchanged_close(u);
}

static void test_another_relation_or_other_settings_begin_anew(void **state)
{
    (void)state;
    static const struct unchanged_id others[] = {{.database = "1.2.4", .settings = "settings"},
                                                 {.database = "1.2.3", .settings = "setting"}};

    for (size_t i = 0; i < 2; i++) {
        struct unchanged *u = open_as(&id);
        learn(u, 1, 77);
        unchanged_validate(u, 15, 78, &place);
        unchanged_close(u);
        u = open_as(&others[i]);
        expect_unknown(u, 1);
        assert_int_equal(unchanged_validity(u)[0].xid, 0);
        unchanged_close(u);
    }
}

static void test_who_comes_second_has_none(void **state)
{
    (void)state;
    struct unchanged *first = open_as(&id);
    struct unchanged *second = NULL;
    struct err e = ERR_INIT;

    assert_int_equal(unchanged_open(&second, dir, &id, &e), ERR_IO);
    assert_null(second);
    unchanged_close(second);
    expect_unknown(second, 1);
    unchanged_validate(second, 1, 1, &place);
    unchanged_clear(second);
    assert_null(unchanged_validity(second));
    unchanged_close(first);
}

/* Any bit flipped, any cut: what is found is what was learned, or nothing. */
static void test_a_torn_file_never_tells_anything_wrong(void **state)
{
    (void)state;
    char path[400];
    struct stat st;
    struct unchanged *u = open_as(&id);

    for (int n = 0; n < 50; n++)
        learn(u, n, 1000 + (uint64_t)n);
    unchanged_validate(u, 15, 2000, &place);
    unchanged_close(u);
    file_path(path);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size; at += at < 400 ? 3 : at < LOG ? 4013 : 41) {
        unsigned char byte = 0;
        struct unchanged_seen seen;
        assert_int_equal(pread(fd, &byte, 1, at) >= 0, 1);
        unsigned char flipped = byte ^ 0x10u;
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        u = open_as(&id);
        for (int n = 0; n < 50; n++)
            if (find(u, n, &seen))
                expect_known(u, n, 1000 + (uint64_t)n);
        bool anew = unchanged_validity(u)[0].xid == 0;
        assert_true(anew || unchanged_validity(u)[0].xid == 2000);
        unchanged_close(u);
        if (!anew) {
            assert_int_equal(pwrite(fd, &byte, 1, at), 1);
            continue;
        }
        u = open_as(&id); /* emptied by the one before */
        for (int n = 0; n < 50; n++)
            learn(u, n, 1000 + (uint64_t)n);
        unchanged_validate(u, 15, 2000, &place);
        unchanged_close(u);
    }
    for (off_t cut = st.st_size; cut > 0; cut = cut * 3 / 4) {
        struct unchanged_seen seen;
        assert_int_equal(ftruncate(fd, cut), 0);
        u = open_as(&id);
        for (int n = 0; n < 50; n++)
            if (find(u, n, &seen))
                expect_known(u, n, 1000 + (uint64_t)n);
        unchanged_close(u);
    }
    (void)close(fd);
}

/* Another share of the batch has found that nothing is to be believed: what was digested before is of no use, and who
 * vouches afterwards vouches for an empty log. */
static void test_dropped_while_a_batch_is_on_its_way(void **state)
{
    (void)state;
    struct unchanged *u = with_lines(1000);
    struct unchanged_seen before;
    struct unchanged_seen known;

    expect_unknown(u, 5000);
    (void)find(u, 5000, &before);
    assert_true(find(u, 5, &known));
    unchanged_validate(u, 3, 200, &place);
    assert_true(unchanged_clear(u));
    assert_false(unchanged_clear(u)); /* of the other share: nothing is left */
    unchanged_validate(u, 12, 201, &place);
    before.xid = 201;
    before.row.key = 5000;
    unchanged_add(u, &before);
    assert_true(unchanged_clear(u)); /* also what is not yet written */
    unchanged_validate(u, 12, 201, &place);
    unchanged_add(u, &before);
    unchanged_invalidate(u, known.at);
    expect_unknown(u, 5000);
    assert_int_equal(known_of(u, 0, 1000, 1), 0);
    assert_int_equal(unchanged_validity(u)[0].xid, 0);
    assert_int_equal(unchanged_validity(u)[2].xid, 201);
    learn_batch(u, 0, 1000, 202);
    assert_int_equal(known_of(u, 0, 1000, 1), 1000);
    unchanged_close(u);
    u = open_as(&id);
    assert_int_equal(known_of(u, 0, 1000, 1), 1000);
    unchanged_close(u);
}

static void test_a_full_disk_costs_the_cache_only(void **state)
{
    (void)state;
    struct rlimit was;
    struct unchanged *u = with_lines(1000);

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){LOG + 80000, was.rlim_max}), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    learn_batch(u, 5000, 9000, 300);
    assert_int_equal(known_of(u, 0, 1000, 1), 0);
    assert_null(unchanged_validity(u));
    assert_false(unchanged_clear(u));
    unchanged_invalidate(u, 5);
    unchanged_validate(u, 1, 301, &place);
    unchanged_close(u);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    u = open_as(&id);
    assert_int_equal(known_of(u, 0, 1000, 1), 0);
    learn_batch(u, 0, 1000, 302);
    assert_int_equal(known_of(u, 0, 1000, 1), 1000);
    unchanged_close(u);
}

/* The header tells of the entries that were there when it was written: a process that dies leaves it so. */
static void test_what_a_crash_left_behind_the_end_is_not_found(void **state)
{
    (void)state;
    char path[400];
    unsigned char header[4096];
    struct stat st;
    struct unchanged *u = open_as(&id);

    learn_batch(u, 0, 1000, 77);
    unchanged_validate(u, 15, 78, &place);
    file_path(path);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, header, sizeof header, 0), sizeof header);
    learn_batch(u, 1000, 2000, 79);
    unchanged_close(u);
    u = open_as(&id);
    assert_int_equal(known_of(u, 0, 2000, 1), 2000);
    unchanged_close(u);
    assert_int_equal(fstat(fd, &st), 0);
    off_t whole = st.st_size;
    assert_int_equal(pwrite(fd, header, sizeof header, 0), sizeof header);
    u = open_as(&id);
    assert_int_equal(known_of(u, 0, 1000, 1), 1000);
    assert_int_equal(known_of(u, 1000, 2000, 1), 0);
    assert_int_equal(unchanged_validity(u)[3].xid, 78);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, whole - 64000);
    learn_batch(u, 5000, 5500, 80);
    assert_int_equal(known_of(u, 5000, 5500, 1), 500);
    unchanged_close(u);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_learned_is_found_again_by_the_next_who_opens,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_relation_or_other_settings_begin_anew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_who_comes_second_has_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_torn_file_never_tells_anything_wrong, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_dropped_while_a_batch_is_on_its_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_full_disk_costs_the_cache_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_crash_left_behind_the_end_is_not_found, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
