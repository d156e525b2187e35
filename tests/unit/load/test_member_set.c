#include "load/row/member_set.h"
#include "load/row/row.h"
#include "shared/time/zone.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct row_builder *builder;
    struct zone *zone;
    char dir[32], file[64];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err e = ERR_INIT;

    assert_non_null(f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/members.XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->file, sizeof f->file, "%s/members-0", f->dir);
    assert_int_equal(zone_open(&f->zone, "UTC", &e), OK);
    const struct row_conf conf = {.key = "id", .key_max = 1000, .zone = f->zone};
    assert_int_equal(row_builder_open(&f->builder, &conf, &e), OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    row_builder_close(f->builder);
    zone_close(f->zone);
    (void)unlink(f->file);
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

static struct member_set *open_set(struct fixture *f, unsigned depth)
{
    struct member_set *s = NULL;
    struct err e = ERR_INIT;

    assert_int_equal(member_set_open(&s, f->file, depth, &e), OK);
    row_builder_watch(f->builder, s);
    return s;
}

static size_t news_after(struct fixture *f, struct member_set *s, const char *line)
{
    struct buf data;
    struct row row;
    bool refused;
    struct row_refusal why;
    struct err e = ERR_INIT;
    size_t n = 0;

    buf_init(&data, 1 << 20);
    assert_int_equal(row_build(f->builder, line, strlen(line), &data, &row, &refused, &why, &e),
                     OK);
    buf_free(&data);
    (void)member_set_news(s, &n);
    return n;
}

static void learn_all(struct member_set *s)
{
    size_t n = 0;
    const struct member_new *news = member_set_news(s, &n);
    struct member_new *copy = calloc(n + 1, sizeof *copy);

    assert_non_null(copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = news[i];
    member_set_learn(s, copy, n);
    free(copy);
}

static void a_new_member_is_noticed_once_and_columns_are_none(void **state)
{
    struct fixture *f = *state;
    struct member_set *s = open_set(f, 1);

    assert_int_equal(
        news_after(f, s,
                   "{\"id\":1,\"time_created\":null,\"time_modified\":null,\"deleted\":false}"),
        0);
    assert_false(member_set_is_due(s));
    assert_int_equal(news_after(f, s, "{\"id\":1,\"a\":1}"), 1);
    assert_int_equal(news_after(f, s, "{\"id\":1,\"a\":2}"), 1);
    assert_int_equal(news_after(f, s, "{\"id\":1,\"a\":2,\"o\":{\"x\":1}}"), 3);
    assert_int_equal(news_after(f, s, "{\"id\":1,\"a\":2,\"o\":{\"x\":1,\"y\":{\"z\":1}}}"), 4);
    assert_int_equal(news_after(f, s, "{\"id\":1,\"\\u0061\":2,\"o\":{\"\\u0078\":1}}"), 4);
    assert_true(member_set_is_due(s));
    size_t n = 0;
    const struct member_new *news = member_set_news(s, &n);
    assert_int_equal(news[0].hash, member_hash(MEMBER_ROOT, "a", 1));
    assert_int_equal(news[2].parent, member_hash(MEMBER_ROOT, "o", 1));
    learn_all(s);
    assert_false(member_set_is_due(s));
    member_set_close(s);
}

static void a_refused_record_brings_nothing(void **state)
{
    struct fixture *f = *state;
    struct member_set *s = open_set(f, 1);

    assert_int_equal(news_after(f, s, "{\"id\":\"none\",\"a\":1}"), 0);
    assert_int_equal(news_after(f, s, "{\"a\":1"), 0);
    member_set_close(s);
}

static void what_was_learned_is_known_to_the_next_and_what_was_not_is_due(void **state)
{
    struct fixture *f = *state;
    struct member_set *s = open_set(f, 2);

    assert_int_equal(news_after(f, s, "{\"id\":1,\"a\":{\"b\":{\"c\":1}}}"), 3);
    learn_all(s);
    assert_int_equal(news_after(f, s, "{\"id\":1,\"new\":1}"), 1);
    member_set_close(s); /* killed before it could look */
    s = open_set(f, 2);
    assert_true(member_set_is_due(s));
    assert_false(member_set_is_whole(s));
    assert_int_equal(news_after(f, s, "{\"id\":1,\"a\":{\"b\":{\"c\":1}}}"), 0);
    member_set_postpone(s, WHEN_SECOND * 3600);
    assert_false(member_set_is_due(s));
    member_set_close(s);
    s = open_set(f, 2);
    assert_false(member_set_is_due(s));
    learn_all(s);
    assert_true(member_set_is_whole(s));
    member_set_close(s);
}

static void a_map_is_not_looked_into_for_ever(void **state)
{
    struct fixture *f = *state;
    struct member_set *s = open_set(f, 1);
    char line[64];

    for (int i = 0; i < 2 * MEMBER_SET_WIDE; i++) {
        (void)snprintf(line, sizeof line, "{\"id\":1,\"map\":{\"k%d\":1}}", i);
        (void)news_after(f, s, line);
    }
    size_t most = MEMBER_SET_WIDE + 2;
    assert_int_equal(news_after(f, s, "{\"id\":1,\"map\":{\"more\":1}}"), most);
    learn_all(s);
    member_set_close(s);
    s = open_set(f, 1);
    assert_int_equal(news_after(f, s, "{\"id\":1,\"map\":{\"again\":1}}"), 0);
    member_set_close(s);
}

static void a_damaged_file_is_none(void **state)
{
    struct fixture *f = *state;
    struct member_set *s = open_set(f, 1);

    (void)news_after(f, s, "{\"id\":1,\"a\":1}");
    learn_all(s);
    member_set_close(s);
    FILE *file = fopen(f->file, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, -3, SEEK_END), 0);
    assert_int_equal(fputc(0x5a, file), 0x5a);
    assert_int_equal(fclose(file), 0);
    s = open_set(f, 1);
    assert_false(member_set_is_due(s));
    assert_int_equal(news_after(f, s, "{\"id\":1,\"a\":1}"), 1);
    member_set_close(s);
}

/* What the sanitizers count; without them nothing is. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_now(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : 0;
}

static void the_memory_grows_with_the_members(void **state)
{
    struct fixture *f = *state;
    size_t before = bytes_now();
    struct member_set *s = open_set(f, 0);

    assert_in_range(bytes_now() - before, 0, 256 << 10);
    member_set_close(s);
}

/* Through each growth, up to the most that a set holds, and through the file. */
static void no_member_is_forgotten_when_the_set_grows(void **state)
{
    struct fixture *f = *state;
    struct member_set *s = open_set(f, 1);
    char line[96];

    (void)news_after(f, s, "{\"id\":1,\"map\":{\"k0\":1}}");
    for (int i = 1; i < 2 * MEMBER_SET_WIDE; i++) { /* how many stand below goes along */
        (void)snprintf(line, sizeof line, "{\"id\":1,\"map\":{\"k%d\":1},\"m%d\":1}", i, i);
        (void)news_after(f, s, line);
    }
    size_t before = 0;
    (void)member_set_news(s, &before);
    for (int i = 2 * MEMBER_SET_WIDE; i < MEMBER_SET_MOST + 500; i++) {
        (void)snprintf(line, sizeof line, "{\"id\":1,\"m%d\":1}", i);
        before += before < MEMBER_SET_MOST;
        assert_int_equal(news_after(f, s, line), before);
    }
    assert_int_equal(
        news_after(f, s, "{\"id\":1,\"map\":{\"more\":1},\"m1\":1,\"m399\":1,\"m9999\":1}"),
        MEMBER_SET_MOST);
    learn_all(s);
    member_set_close(s);
    s = open_set(f, 1);
    for (int i = 1; i < MEMBER_SET_MOST / 2; i++) {
        (void)snprintf(line, sizeof line, "{\"id\":1,\"map\":{\"k%d\":1},\"m%d\":1}", i, i);
        assert_int_equal(news_after(f, s, line), 0);
    }
    member_set_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_member_is_noticed_once_and_columns_are_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refused_record_brings_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_was_learned_is_known_to_the_next_and_what_was_not_is_due, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_map_is_not_looked_into_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_memory_grows_with_the_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_member_is_forgotten_when_the_set_grows, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
