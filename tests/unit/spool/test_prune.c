#include "spool/maintenance/prune.h"
#include "spool/segment/pruned.h"
#include "tests/unit/spool/helper.h"
#include <sys/file.h>

#define AGES (INT64_C(86400) * 365 * WHEN_SECOND)

/* Segments of one page each: 1 ... pages. */
static void open_segments(struct fixture *f, int pages)
{
    fixture_open(f);
    f->conf.segment_size = 1;
    write_pages(f, 1, pages, 3);
}

static void say_loaded(struct fixture *f, uint64_t segment, uint64_t page)
{
    struct loaded_entry entry = {.id = "1.5", .name = "crm", .place = {segment, page}, .at = 1};
    assert_ok(loaded_store(f->spool, TABLE, &entry, e));
}

/* All ages are old enough, unless keep says otherwise. */
static struct prune_sum prune(struct fixture *f, int64_t keep, int64_t max)
{
    struct prune_sum sum;
    struct prune_conf conf = {.keep = keep, .max = max, .now = when_now() + AGES / 2};
    assert_ok(prune_run(f->spool, &conf, NULL, NULL, &sum, e));
    return sum;
}

static void test_never_loaded_is_never_pruned(void **state)
{
    struct fixture f;
    (void)state;
    open_segments(&f, 4);
    assert_int_equal(prune(&f, 0, 1).segments, 0);
    say_loaded(&f, 0, 0);
    assert_int_equal(prune(&f, 0, 1).segments, 0);
    assert_true(exists(&f, 1, SEGMENT_JOURNAL));
    fixture_close(&f);
}

static void test_up_to_what_is_loaded_and_never_the_newest(void **state)
{
    struct fixture f;
    struct read_back b;
    struct page_place start = {0, 0};
    (void)state;
    open_segments(&f, 5);
    say_loaded(&f, 3, 0); /* of the third: nothing */
    assert_int_equal(prune(&f, 0, 0).segments, 2);
    say_loaded(&f, 3, 1);
    assert_int_equal(prune(&f, 0, 0).segments, 1);
    say_loaded(&f, 5, 1);
    assert_int_equal(prune(&f, 0, 0).segments, 1);
    assert_int_equal(prune(&f, 0, 0).segments, 0);
    for (uint64_t n = 1; n < 5; n++)
        for (unsigned kind = 0; kind < SEGMENT_FILES; kind++)
            assert_false(exists(&f, n, (enum segment_file)kind));
    read_all(&f, start, &b);
    assert_int_equal(b.damaged, 0);
    assert_int_equal(b.first, 13);
    /* The numbers go on, and a reader that had all of it sees what is new. */
    write_pages(&f, 16, 1, 3);
    start = (struct page_place){4, 1};
    read_all(&f, start, &b);
    assert_int_equal(b.damaged, 0);
    assert_int_equal(b.records, 6);
    fixture_close(&f);
}

static void test_age_and_size(void **state)
{
    struct fixture f;
    (void)state;
    open_segments(&f, 4);
    say_loaded(&f, 4, 1);
    assert_int_equal(prune(&f, AGES, 0).segments, 0);
    int64_t size = prune(&f, AGES, 1 << 30).left;
    assert_int_equal(prune(&f, AGES, size).segments, 0);
    assert_int_equal(prune(&f, AGES, size - 1).segments, 1);
    assert_int_equal(prune(&f, AGES, 1).segments, 2);
    fixture_close(&f);
}

static void test_damage_stays_and_keeps_what_is_behind_it(void **state)
{
    struct fixture f;
    char path[256];
    struct buf content;
    (void)state;
    open_segments(&f, 4);
    say_loaded(&f, 4, 1);
    table_path(&f, path, 2, SEGMENT_ZST);
    read_file(path, &content);
    content.data[20] ^= 1;
    write_file(path, content.data, content.len);
    buf_free(&content);
    struct prune_sum sum = prune(&f, 0, 0);
    assert_int_equal(sum.segments, 1);
    assert_int_equal(sum.damaged, 1);
    assert_true(exists(&f, 2, SEGMENT_ZST));
    assert_true(exists(&f, 3, SEGMENT_ZST));
    fixture_close(&f);
}

/* What a crash leaves of a segment that was pruned is swept, and seen by nobody before. */
static void test_leftovers(void **state)
{
    struct fixture f;
    struct read_back b;
    struct page_place start = {0, 0};
    char dir[256];
    char path[256];
    (void)state;
    open_segments(&f, 4);
    say_loaded(&f, 4, 1);
    (void)snprintf(dir, sizeof dir, "%s/" TABLE, f.dir);
    assert_ok(pruned_write(dir, 2, e));
    table_path(&f, path, 1, SEGMENT_JOURNAL);
    assert_int_equal(unlink(path), 0);
    read_all(&f, start, &b);
    assert_int_equal(b.damaged, 0);
    assert_int_equal(b.first, 7);
    assert_int_equal(prune(&f, AGES, 0).segments, 0);
    assert_false(exists(&f, 1, SEGMENT_ZST));
    assert_false(exists(&f, 2, SEGMENT_JOURNAL));
    assert_true(exists(&f, 3, SEGMENT_JOURNAL));
    fixture_close(&f);
}

/* A reader that looked before the pruning meets nothing that it would call damage. */
static void test_beside_a_reader(void **state)
{
    struct fixture f;
    struct reader *r;
    const struct page_info *info;
    enum reader_what what;
    (void)state;
    open_segments(&f, 5);
    say_loaded(&f, 5, 1);
    assert_ok(reader_open(&r, f.spool, TABLE, e));
    assert_ok(reader_next(r, &info, &what, e));
    assert_int_equal(info->place.segment, 1);
    assert_int_equal(prune(&f, 0, 0).segments, 4);
    assert_ok(reader_next(r, &info, &what, e));
    assert_int_equal(what, READER_PAGE);
    assert_int_equal(info->place.segment, 5);
    assert_ok(reader_next(r, &info, &what, e));
    assert_int_equal(what, READER_END);
    reader_close(r);
    fixture_close(&f);
}

static void test_a_damaged_word_keeps_all(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    open_segments(&f, 3);
    (void)snprintf(path, sizeof path, "%s/" TABLE "/" LOADED_FILE, f.dir);
    write_file(path, "{}\n", 3);
    struct prune_sum sum = prune(&f, 0, 1);
    assert_int_equal(sum.segments, 0);
    assert_int_equal(sum.unknown, 1);
    fixture_close(&f);
}

static void test_a_damaged_note_of_what_was_pushed_keeps_all(void **state)
{
    struct fixture f;
    char path[256];
    (void)state;
    open_segments(&f, 3);
    (void)snprintf(path, sizeof path, "%s/.push", f.dir);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s/.push/0123456789abcdef.json", f.dir);
    write_file(path, "{}\n", 3);
    struct prune_sum sum = prune(&f, 0, 1);
    assert_int_equal(sum.segments, 0);
    assert_int_equal(sum.unknown, 0);
    assert_int_equal(sum.unclear, 1);
    assert_non_null(strstr(sum.note.msg, "0123456789abcdef.json"));
    fixture_close(&f);
}

/* A cache of the loader's, last written when the age was so. */
static void put_cache(struct fixture *f, const char *name, int64_t age)
{
    char path[192];
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)((when_now() - age) / WHEN_SECOND)}};
    (void)snprintf(path, sizeof path, "%s/" TABLE "/%s", f->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 1000), 0);
    assert_int_equal(futimens(fd, times), 0);
    assert_int_equal(close(fd), 0);
}

static bool is_there(const struct fixture *f, const char *name)
{
    char path[192];
    (void)snprintf(path, sizeof path, "%s/" TABLE "/%s", f->dir, name);
    return access(path, F_OK) == 0;
}

static struct prune_sum prune_now(struct fixture *f, int64_t keep, bool dry_run)
{
    struct prune_sum sum;
    struct prune_conf conf = {.keep = keep, .now = when_now(), .dry_run = dry_run};
    assert_ok(prune_run(f->spool, &conf, NULL, NULL, &sum, e));
    return sum;
}

#define OLD    "unchanged-0123456789abcdef"
#define RECENT "unchanged-0123456789abcde0"

static void test_caches_that_no_load_has_used_for_long_go(void **state)
{
    const int64_t day = STALE_CACHES_LEAST;
    struct fixture f;
    (void)state;
    open_segments(&f, 2);
    put_cache(&f, OLD, 8 * day);
    put_cache(&f, RECENT, 6 * day);
    put_cache(&f, "unchanged-0123456789abcdeG", 8 * day);
    put_cache(&f, "unchanged-0123456789abcdef0", 8 * day);
    int64_t left = prune_now(&f, 7 * day, true).left;
    assert_true(is_there(&f, OLD));
    struct prune_sum sum = prune_now(&f, 7 * day, false);
    assert_int_equal(sum.caches.files, 1);
    assert_int_equal(sum.caches.bytes, 1000);
    assert_int_equal(sum.segments, 0);
    assert_int_equal(sum.left, left);
    assert_false(is_there(&f, OLD));
    assert_true(is_there(&f, RECENT));
    assert_true(is_there(&f, "unchanged-0123456789abcdeG"));
    assert_true(is_there(&f, "unchanged-0123456789abcdef0"));
    /* Pages that are not kept at all do not take what was used today. */
    put_cache(&f, OLD, day / 2);
    assert_int_equal(prune_now(&f, 0, false).caches.files, 1);
    assert_true(is_there(&f, OLD));
    assert_false(is_there(&f, RECENT));
    fixture_close(&f);
}

static void test_a_cache_that_a_loader_holds_stays(void **state)
{
    struct fixture f;
    char path[192];
    (void)state;
    open_segments(&f, 2);
    put_cache(&f, OLD, 8 * STALE_CACHES_LEAST);
    (void)snprintf(path, sizeof path, "%s/" TABLE "/" OLD, f.dir);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(prune_now(&f, 0, false).caches.files, 0);
    assert_true(is_there(&f, OLD));
    assert_int_equal(close(fd), 0);
    assert_int_equal(prune_now(&f, 0, false).caches.files, 1);
    assert_false(is_there(&f, OLD));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_loaded_is_never_pruned),
        cmocka_unit_test(test_up_to_what_is_loaded_and_never_the_newest),
        cmocka_unit_test(test_age_and_size),
        cmocka_unit_test(test_damage_stays_and_keeps_what_is_behind_it),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_beside_a_reader),
        cmocka_unit_test(test_a_damaged_word_keeps_all),
        cmocka_unit_test(test_a_damaged_note_of_what_was_pushed_keeps_all),
        cmocka_unit_test(test_caches_that_no_load_has_used_for_long_go),
        cmocka_unit_test(test_a_cache_that_a_loader_holds_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
