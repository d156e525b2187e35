/* Dead letters that may not last are written anew before anybody relies on them, and damaged lines are
 * moved, not lost. */
#include "tests/unit/spool/helper.h"

#include "spool/dead_letters/dead_letter_repair.h"
#include "spool/dead_letters/dead_letters.h"
#include <dirent.h>

static void add(const struct fixture *f, uint64_t line)
{
    struct dead_letter l = {.at = 1,
                            .reason = "nul",
                            .sqlstate = "",
                            .message = "",
                            .file = "",
                            .place = {1, 1},
                            .line = line,
                            .raw = "{}",
                            .raw_len = 2};
    assert_ok(dead_add(f->spool, TABLE, DEAD_LOAD, &l, 1, e));
}

static void path_of(const struct fixture *f, const char *name, char out[400])
{
    assert_true(snprintf(out, 400, "%s/" TABLE "/%s", f->dir, name) < 400);
}

static ino_t inode(const struct fixture *f)
{
    char path[400];
    struct stat st;
    path_of(f, "dead-load.ndjson", path);
    assert_int_equal(stat(path, &st), 0);
    return st.st_ino;
}

struct seen {
    int count;
    int damaged;
    uint64_t sum;
};

static enum err_code see(void *ctx, const struct dead_letter *l, struct err *e)
{
    struct seen *s = ctx;
    (void)e;
    s->count++;
    s->damaged += strcmp(l->reason, "damaged") == 0;
    s->sum += l->line;
    return OK;
}

static struct seen see_all(const struct fixture *f)
{
    struct seen s = {0};
    assert_ok(dead_each(f->spool, TABLE, DEAD_LOAD, see, &s, e));
    return s;
}

/* The one file of damaged lines there is, or "". */
static void side_file(const struct fixture *f, char out[400])
{
    char dir[400];
    out[0] = '\0';
    path_of(f, "", dir);
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *entry; (entry = readdir(d));)
        if (strstr(entry->d_name, ".damaged."))
            path_of(f, entry->d_name, out);
    assert_int_equal(closedir(d), 0);
}

static void what_is_known_to_last_is_only_added_to(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    add(&f, 1);
    ino_t first = inode(&f);
    add(&f, 2);
    assert_ok(dead_settle(f.spool, TABLE, DEAD_LOAD, e));
    assert_true(inode(&f) == first);
    assert_int_equal(see_all(&f).sum, 3);
    fixture_close(&f);
}

/* As after a run that was killed when a sync had failed: lines can be read that nobody vouches for. */
static void what_may_not_last_is_written_anew(void **state)
{
    struct fixture f;
    struct buf word;
    char path[400];
    (void)state;
    fixture_open(&f);
    add(&f, 1);
    path_of(&f, "dead-load.acked", path);
    read_file(path, &word);
    add(&f, 2);
    write_file(path, word.data, word.len);
    buf_free(&word);
    ino_t before = inode(&f);
    assert_ok(dead_settle(f.spool, TABLE, DEAD_LOAD, e));
    assert_true(inode(&f) != before);
    assert_int_equal(see_all(&f).sum, 3);
    before = inode(&f);
    assert_int_equal(unlink(path), 0);
    add(&f, 4);
    assert_true(inode(&f) != before);
    assert_int_equal(see_all(&f).sum, 7);
    /* Nothing is made where nothing is. */
    assert_ok(dead_settle(f.spool, TABLE, DEAD_EXTRACT, e));
    path_of(&f, "dead-extract.ndjson", path);
    assert_int_equal(access(path, F_OK), -1);
    fixture_close(&f);
}

static void damaged_lines_are_moved_and_kept(void **state)
{
    struct fixture f;
    struct buf text;
    struct buf side;
    char path[400];
    char other[400];
    uint64_t damaged;
    (void)state;
    fixture_open(&f);
    for (uint64_t i = 0; i < 3; i++)
        add(&f, UINT64_C(1) << i);
    path_of(&f, "dead-load.ndjson", path);
    read_file(path, &text);
    text.data[10] ^= 1;
    size_t n = (size_t)((char *)memchr(text.data, '\n', text.len) - text.data);
    write_file(path, text.data, text.len);
    assert_ok(dead_letters_repair(f.spool, TABLE, DEAD_LOAD, true, &damaged, e));
    assert_int_equal(damaged, 1);
    assert_int_equal(see_all(&f).damaged, 1);
    assert_ok(dead_letters_repair(f.spool, TABLE, DEAD_LOAD, false, &damaged, e));
    assert_int_equal(damaged, 1);
    struct seen s = see_all(&f);
    assert_int_equal(s.damaged, 0);
    assert_int_equal(s.sum, 6);
    side_file(&f, other);
    read_file(other, &side);
    assert_int_equal(side.len, n + 1);
    assert_memory_equal(side.data, text.data, n + 1);
    buf_free(&side);
    buf_free(&text);
    assert_ok(dead_letters_repair(f.spool, TABLE, DEAD_LOAD, false, &damaged, e));
    assert_int_equal(damaged, 0);
    fixture_close(&f);
}

/* A damaged line end joins two lines, both of which are intact but for it. */
static void a_damaged_line_end_costs_nothing(void **state)
{
    struct fixture f;
    struct buf text;
    char path[400];
    uint64_t damaged;
    (void)state;
    fixture_open(&f);
    for (uint64_t i = 0; i < 3; i++)
        add(&f, UINT64_C(1) << i);
    path_of(&f, "dead-load.ndjson", path);
    read_file(path, &text);
    *(char *)memchr(text.data, '\n', text.len) = 'x';
    write_file(path, text.data, text.len);
    buf_free(&text);
    assert_ok(dead_letters_repair(f.spool, TABLE, DEAD_LOAD, false, &damaged, e));
    assert_int_equal(damaged, 1);
    struct seen s = see_all(&f);
    assert_int_equal(s.damaged, 0);
    assert_int_equal(s.sum, 7);
    side_file(&f, path);
    assert_string_equal(path, "");
    fixture_close(&f);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_to_last_is_only_added_to),
        cmocka_unit_test(what_may_not_last_is_written_anew),
        cmocka_unit_test(damaged_lines_are_moved_and_kept),
        cmocka_unit_test(a_damaged_line_end_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
