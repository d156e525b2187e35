#include "spool/inventory/inventory.h"
#include "tests/unit/spool/helper.h"

struct seen {
    int64_t keys[64];
    size_t count;
    size_t deleted;
    size_t absent;
    size_t present;
    bool ended;
};

static enum err_code on_line(void *ctx, const struct inventory_line *line, struct err *e)
{
    struct seen *s = ctx;
    (void)e;
    for (size_t i = 0; i < line->count; i++)
        s->keys[s->count++] = line->keys[i];
    s->deleted += line->deleted_count;
    if (line->kind == INVENTORY_LOOKUP) {
        s->absent += line->lookup->absent_count;
        s->present += line->lookup->present_count;
    }
    if (line->kind == INVENTORY_WINDOW)
        s->ended = line->window->ended;
    return OK;
}

static struct inventory *open_roll(struct fixture *f)
{
    struct inventory *r = NULL;
    assert_ok(inventory_open(&r, f->spool, TABLE, NULL, NULL, e));
    return r;
}

static void roll_one(struct inventory *r, int64_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_ok(inventory_key(r, first + (int64_t)i, i == 0, e));
    const struct inventory_page page = {.fetched = 1000000,
                                        .clock = 2000000,
                                        .records = n,
                                        .pass = 1,
                                        .complete_to = WHEN_NONE,
                                        .position = "{\"at\":[1]}"};
    assert_ok(inventory_page(r, &page, e));
}

static void look_at(struct fixture *f, struct seen *s, struct inventory_state *state)
{
    *s = (struct seen){.count = 0};
    assert_ok(inventory_read(f->spool, TABLE, state, on_line, s, e));
}

static void roll_file(const struct fixture *f, char path[IO_PATH])
{
    (void)snprintf(path, IO_PATH, "%s/" TABLE "/" INVENTORY_FILE, f->dir);
}

static void test_what_was_acknowledged_is_read_back(void **state)
{
    struct fixture f;
    struct seen s;
    struct inventory_state is;
    (void)state;
    fixture_open(&f);
    assert_ok(inventory_read(f.spool, TABLE, &is, NULL, NULL, e));
    assert_false(is.there);
    struct inventory *r = open_roll(&f);
    assert_ok(inventory_begin(r, e));
    roll_one(r, INT64_MIN + 1, 3);
    roll_one(r, 4711, 2);
    const struct inventory_pair absent[] = {{17, 5}, {-18, WHEN_NONE}};
    const int64_t present[] = {12};
    const struct inventory_lookup look = {.at = 3000000,
                                          .clock = 4000000,
                                          .absent = absent,
                                          .absent_count = 2,
                                          .present = present,
                                          .present_count = 1};
    const struct inventory_window window = {
        .at = 3000000, .clock = 4000000, .to = 7, .ended = true};
    assert_ok(inventory_lookup(r, &look, e));
    assert_ok(inventory_window(r, &window, e));
    inventory_close(r);
    look_at(&f, &s, &is);
    assert_int_equal(s.count, 5);
    assert_int_equal(s.keys[0], INT64_MIN + 1);
    assert_int_equal(s.keys[4], 4712);
    assert_int_equal(s.deleted, 2);
    assert_int_equal(s.absent, 2);
    assert_int_equal(s.present, 1);
    assert_true(s.ended && is.window.ended);
    assert_int_equal(is.pages, 2);
    assert_int_equal(is.records, 5);
    assert_int_equal(is.behind, 0);
    assert_int_equal(is.clock, 2000000);
    assert_string_equal(is.position, "{\"at\":[1]}");
    fixture_close(&f);
}

static void test_what_is_taken_back_is_not_there(void **state)
{
    struct fixture f;
    struct seen s;
    struct inventory_state is;
    (void)state;
    fixture_open(&f);
    struct inventory *r = open_roll(&f);
    assert_ok(inventory_begin(r, e));
    assert_ok(inventory_key(r, 1, false, e));
    inventory_discard_page(r);
    roll_one(r, 2, 1);
    inventory_close(r);
    look_at(&f, &s, &is);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.keys[0], 2);
    fixture_close(&f);
}

/* Cut at every byte: whole lines count, and the writer goes on behind them. */
static void test_a_torn_line_is_cut_off(void **state)
{
    struct fixture f;
    char path[IO_PATH];
    struct stat st;
    (void)state;
    fixture_open(&f);
    struct inventory *r = open_roll(&f);
    assert_ok(inventory_begin(r, e));
    roll_one(r, 1, 2);
    roll_file(&f, path);
    assert_int_equal(stat(path, &st), 0);
    off_t whole = st.st_size;
    roll_one(r, 3, 2);
    inventory_close(r);
    assert_int_equal(stat(path, &st), 0);
    for (off_t cut = st.st_size - 1; cut >= whole; cut--) {
        struct seen s;
        struct inventory_state is;
        assert_int_equal(truncate(path, cut), 0);
        look_at(&f, &s, &is);
        assert_int_equal(s.count, 2);
    }
    r = open_roll(&f);
    assert_int_equal(inventory_state(r)->pages, 1);
    roll_one(r, 5, 1);
    inventory_close(r);
    struct seen s;
    struct inventory_state is;
    look_at(&f, &s, &is);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.keys[2], 5);
    fixture_close(&f);
}

/* Any other byte that is not what was written gives the roll up; the next one is later. */
static void test_damage_gives_the_roll_up(void **state)
{
    struct fixture f;
    char path[IO_PATH];
    struct stat st;
    struct inventory_state is;
    struct err why = ERR_INIT;
    (void)state;
    fixture_open(&f);
    struct inventory *r = open_roll(&f);
    assert_ok(inventory_begin(r, e));
    roll_one(r, 1, 2);
    int64_t began = inventory_state(r)->began;
    inventory_close(r);
    roll_file(&f, path);
    assert_int_equal(stat(path, &st), 0);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    for (off_t at = 0; at < st.st_size - 1; at += 7) {
        char c;
        assert_int_equal(pread(fd, &c, 1, at), 1);
        char other = (char)(c ^ 1);
        assert_int_equal(pwrite(fd, &other, 1, at), 1);
        assert_int_equal(inventory_read(f.spool, TABLE, &is, NULL, NULL, &why), ERR_DAMAGED);
        if (at > 200)
            break;
        assert_int_equal(pwrite(fd, &c, 1, at), 1);
    }
    (void)close(fd);
    log_to(open("/dev/null", O_WRONLY | O_CLOEXEC));
    r = open_roll(&f);
    assert_false(inventory_state(r)->there);
    assert_ok(inventory_begin(r, e));
    assert_true(inventory_state(r)->began > began);
    roll_one(r, 9, 1);
    inventory_close(r);
    assert_ok(inventory_read(f.spool, TABLE, &is, NULL, NULL, e));
    assert_int_equal(is.pages, 1);
    fixture_close(&f);
}

static void test_one_writer_at_a_time(void **state)
{
    struct fixture f;
    struct err why = ERR_INIT;
    struct inventory *second = NULL;
    (void)state;
    fixture_open(&f);
    struct inventory *first = open_roll(&f);
    assert_int_equal(inventory_open(&second, f.spool, TABLE, NULL, NULL, &why), ERR_BUSY);
    assert_null(second);
    inventory_close(first);
    second = open_roll(&f);
    inventory_close(second);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_acknowledged_is_read_back),
        cmocka_unit_test(test_what_is_taken_back_is_not_there),
        cmocka_unit_test(test_a_torn_line_is_cut_off),
        cmocka_unit_test(test_damage_gives_the_roll_up),
        cmocka_unit_test(test_one_writer_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
