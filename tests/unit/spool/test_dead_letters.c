#include "tests/unit/spool/helper.h"

#include "spool/dead_letters/dead_letters.h"

static struct dead_letter letter(const char *raw, size_t n, uint64_t line)
{
    return (struct dead_letter){.at = INT64_C(1700000000123456),
                                .reason = "nul",
                                .sqlstate = "22P05",
                                .message = "what \"it\" said\n",
                                .file = "contacts/0000000001.ndjson",
                                .place = {1, 3},
                                .line = line,
                                .raw = raw,
                                .raw_len = n};
}

struct seen {
    int count;
    int damaged;
    uint64_t lines[16];
    char raw[64];
    size_t raw_len;
    enum err_code answer;
};

static enum err_code see(void *ctx, const struct dead_letter *l, struct err *e)
{
    struct seen *s = ctx;
    if (strcmp(l->reason, "damaged") == 0) {
        s->damaged++;
        return OK;
    }
    assert_true(l->at == INT64_C(1700000000123456));
    assert_string_equal(l->reason, "nul");
    assert_string_equal(l->sqlstate, "22P05");
    assert_string_equal(l->message, "what \"it\" said\n");
    assert_string_equal(l->file, "contacts/0000000001.ndjson");
    assert_int_equal(l->place.segment, 1);
    assert_int_equal(l->place.page, 3);
    assert_true(s->count < 16 && l->raw_len < sizeof s->raw);
    s->lines[s->count++] = l->line;
    memcpy(s->raw, l->raw, l->raw_len);
    s->raw_len = l->raw_len;
    return s->answer ? err_set(e, s->answer, "enough") : OK;
}

static struct seen see_all(struct fixture *f)
{
    struct seen s = {0};
    assert_ok(dead_each(f->spool, TABLE, DEAD_LOAD, see, &s, e));
    return s;
}

static void letters_come_back_byte_by_byte(void **state)
{
    static const struct {
        const char *raw;
        size_t n;
    } cases[] = {
        {"{\"a\":\"\\u0000\"}", 14},
        {"", 0},
        {"\xff\xfe", 2},
        {"\x00\x01\x02", 3},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80 \"\\\n", 14},
        {"a\x7f", 2},
    };
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_int_equal(see_all(&f).count, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dead_letter l = letter(cases[i].raw, cases[i].n, i + 1);
        assert_ok(dead_add(f.spool, TABLE, DEAD_LOAD, &l, 1, e));
        struct seen s = see_all(&f);
        assert_int_equal(s.count, i + 1);
        assert_int_equal(s.raw_len, cases[i].n);
        assert_memory_equal(s.raw, cases[i].raw, cases[i].n);
    }
    fixture_close(&f);
}

static void add_three(struct fixture *f)
{
    struct dead_letter l[3] = {letter("one", 3, 1), letter("two", 3, 2), letter("three", 5, 3)};
    assert_ok(dead_add(f->spool, TABLE, DEAD_LOAD, l, 3, e));
}

static bool keep_even(void *ctx, const struct dead_letter *l)
{
    (void)ctx;
    return l->line % 2 == 0;
}

static bool keep_none(void *ctx, const struct dead_letter *l)
{
    (void)ctx, (void)l;
    return false;
}

static void a_filter_keeps_what_it_is_told_to(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_ok(dead_filter(f.spool, TABLE, DEAD_LOAD, keep_even, NULL, e));
    add_three(&f);
    assert_ok(dead_filter(f.spool, TABLE, DEAD_LOAD, keep_even, NULL, e));
    struct seen s = see_all(&f);
    assert_int_equal(s.count, 1);
    assert_int_equal(s.lines[0], 2);
    add_three(&f);
    assert_int_equal(see_all(&f).count, 4);
    assert_ok(dead_filter(f.spool, TABLE, DEAD_LOAD, keep_none, NULL, e));
    assert_int_equal(see_all(&f).count, 0);
    fixture_close(&f);
}

static void a_failing_reader_stops(void **state)
{
    struct fixture f;
    struct err err = ERR_INIT;
    struct seen s = {.answer = ERR_IO};
    (void)state;
    fixture_open(&f);
    add_three(&f);
    assert_int_equal(dead_each(f.spool, TABLE, DEAD_LOAD, see, &s, &err), ERR_IO);
    assert_int_equal(s.count, 1);
    fixture_close(&f);
}

/* Cut at every byte: whole lines stay, the torn one goes with the next letter, which is there. */
static void a_torn_line_does_not_stay(void **state)
{
    struct fixture f;
    struct buf whole;
    char path[256];
    (void)state;
    fixture_open(&f);
    add_three(&f);
    assert_true(snprintf(path, sizeof path, "%s/" TABLE "/dead-load.ndjson", f.dir) > 0);
    read_file(path, &whole);
    for (size_t n = 0; n < whole.len; n++) {
        size_t lines = 0;
        for (size_t i = 0; i < n; i++)
            lines += whole.data[i] == '\n' || (whole.data[i + 1] == '\n' && i + 1 == n);
        write_file(path, whole.data, n);
        (void)see_all(&f);
        struct dead_letter l = letter("next", 4, 9);
        assert_ok(dead_add(f.spool, TABLE, DEAD_LOAD, &l, 1, e));
        struct seen s = see_all(&f);
        assert_int_equal(s.damaged, 0);
        assert_int_equal(s.count, lines + 1);
        assert_int_equal(s.lines[lines], 9);
    }
    buf_free(&whole);
    fixture_close(&f);
}

/* One damaged byte takes at most the two lines it stands between, and is told of. */
static void damage_is_told(void **state)
{
    struct fixture f;
    struct buf whole;
    char path[256];
    (void)state;
    fixture_open(&f);
    add_three(&f);
    assert_true(snprintf(path, sizeof path, "%s/" TABLE "/dead-load.ndjson", f.dir) > 0);
    read_file(path, &whole);
    for (size_t i = 0; i < whole.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            whole.data[i] = (char)(whole.data[i] ^ 1 << bit);
            write_file(path, whole.data, whole.len);
            struct seen s = see_all(&f);
            assert_true(s.damaged > 0 || i + 1 == whole.len);
            assert_true(s.count >= 1);
            whole.data[i] = (char)(whole.data[i] ^ 1 << bit);
        }
    }
    buf_free(&whole);
    fixture_close(&f);
}

int main(void)
{
    log_setup("test", LOG_TEXT, LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_come_back_byte_by_byte),
        cmocka_unit_test(a_filter_keeps_what_it_is_told_to),
        cmocka_unit_test(a_failing_reader_stops),
        cmocka_unit_test(a_torn_line_does_not_stay),
        cmocka_unit_test(damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
