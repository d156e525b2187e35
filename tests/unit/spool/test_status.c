#include "spool/status/status.h"
#include "spool/status/status_json.h"
#include "tests/unit/spool/helper.h"
#include <yajl/yajl_parse.h>

static void set_loaded(struct fixture *f, const char *id, uint64_t segment, uint64_t page)
{
    struct loaded_entry entry = {.place = {segment, page}, .at = 1000000};
    (void)snprintf(entry.id, sizeof entry.id, "%s", id);
    (void)snprintf(entry.name, sizeof entry.name, "crm-%s", id);
    assert_ok(loaded_store(f->spool, TABLE, &entry, e));
}

static struct status_watch *watch(struct fixture *f, bool whole)
{
    struct status_conf conf = {.whole = whole};
    struct status_watch *w = NULL;
    assert_ok(status_open(&w, f->spool, &conf, e));
    assert_ok(status_look(w, e));
    return w;
}

static const struct status_table *table_of(const struct status_watch *w)
{
    assert_int_equal(status_of(w)->count, 1);
    return status_of(w)->tables[0];
}

static void test_what_waits_is_what_lies_between_fetched_and_loaded(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 5, 2); /* records 1 to 10 */
    struct status_watch *w = watch(&f, false);
    assert_int_equal(table_of(w)->pages, 5);
    assert_int_equal(table_of(w)->records, 10);
    assert_int_equal(table_of(w)->loaded_to, WHEN_NONE);
    assert_int_equal(table_of(w)->since, INT64_C(1700000001000000));
    set_loaded(&f, "1.1", 1, 3);
    assert_ok(status_look(w, e));
    assert_int_equal(table_of(w)->pages, 2);
    assert_int_equal(table_of(w)->records, 4);
    assert_int_equal(table_of(w)->loaded_to, INT64_C(1600000000000005));
    assert_int_equal(table_of(w)->complete_to, INT64_C(1600000000000009));
    assert_int_equal(table_of(w)->since, INT64_C(1700000007000000));
    set_loaded(&f, "1.1", 1, 5);
    assert_ok(status_look(w, e));
    assert_int_equal(table_of(w)->pages, 0);
    assert_int_equal(table_of(w)->bytes, 0);
    assert_int_equal(table_of(w)->since, WHEN_NONE);
    status_close(w);
    fixture_close(&f);
}

static void test_further_looks_see_what_came_since(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    struct status_watch *w = watch(&f, false);
    assert_int_equal(status_of(w)->count, 0);
    f.conf.segment_size = 1; /* each page a segment of its own */
    write_pages(&f, 1, 3, 1);
    assert_ok(status_look(w, e));
    assert_int_equal(table_of(w)->pages, 3);
    set_loaded(&f, "1.1", 2, 1);
    write_pages(&f, 4, 2, 1);
    assert_ok(status_look(w, e));
    assert_int_equal(table_of(w)->pages, 3);
    /* A database that comes late has nothing: all waits for it. */
    set_loaded(&f, "2.2", 0, 0);
    assert_ok(status_look(w, e));
    assert_int_equal(table_of(w)->pages, 5);
    assert_int_equal(table_of(w)->loaded_to, WHEN_NONE);
    assert_int_equal(status_of(w)->databases.count, 2);
    status_close(w);
    fixture_close(&f);
}

static void test_a_look_from_what_is_loaded_equals_one_at_all(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    f.conf.segment_size = 1;
    write_pages(&f, 1, 6, 3);
    for (uint64_t segment = 0; segment <= 6; segment++) {
        set_loaded(&f, "1.1", segment, segment > 0 ? 1 : 0);
        struct status_watch *all = watch(&f, true);
        struct status_watch *some = watch(&f, false);
        assert_int_equal(table_of(some)->pages, table_of(all)->pages);
        assert_int_equal(table_of(some)->records, table_of(all)->records);
        assert_int_equal(table_of(some)->bytes, table_of(all)->bytes);
        assert_int_equal(table_of(some)->since, table_of(all)->since);
        assert_int_equal(table_of(some)->complete_to, table_of(all)->complete_to);
        assert_int_equal(table_of(some)->loaded_to, table_of(all)->loaded_to);
        status_close(all);
        status_close(some);
    }
    fixture_close(&f);
}

static void set_aside(struct fixture *f, enum dead_side side, const char *reason,
                      const char *sqlstate)
{
    struct dead_letter letter = {.at = 1000000,
                                 .reason = reason,
                                 .sqlstate = sqlstate,
                                 .message = "SECRET message",
                                 .file = "",
                                 .place = {1, 1},
                                 .line = 1,
                                 .raw = "{\"name\":\"SECRET\"}",
                                 .raw_len = 17};
    assert_ok(dead_add(f->spool, TABLE, side, &letter, 1, e));
}

static void test_reasons_are_counted_and_bounded(void **state)
{
    struct fixture f;
    char word[32];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    set_aside(&f, DEAD_LOAD, "refused", "23514");
    struct status_watch *w = watch(&f, false);
    assert_int_equal(table_of(w)->set_aside, 1);
    set_aside(&f, DEAD_LOAD, "refused", "23514");
    set_aside(&f, DEAD_LOAD, "refused", "22003");
    set_aside(&f, DEAD_EXTRACT, "not-an-object", "");
    assert_ok(status_look(w, e));
    assert_int_equal(table_of(w)->set_aside, 4);
    assert_int_equal(table_of(w)->reasons_count, 3);
    for (int i = 0; i < 2 * STATUS_REASONS; i++) {
        (void)snprintf(word, sizeof word, "reason-%d", i);
        set_aside(&f, DEAD_LOAD, word, "");
    }
    assert_ok(status_look(w, e));
    const struct status_table *t = table_of(w);
    assert_int_equal(t->reasons_count, STATUS_REASONS);
    assert_string_equal(t->reasons[STATUS_REASONS - 1].reason, "other");
    int64_t sum = 0;
    for (size_t i = 0; i < t->reasons_count; i++)
        sum += t->reasons[i].count;
    assert_int_equal(sum, t->set_aside);
    status_close(w);
    fixture_close(&f);
}

static void add_runs(struct fixture *f, int64_t requests, int64_t changed)
{
    struct run_history_entry run = {.began = when_now() - 10 * WHEN_SECOND,
                                    .ended = when_now(),
                                    .complete_to = WHEN_NONE,
                                    .kind = "changes",
                                    .status = "complete"};
    run.counts[RUN_REQUESTS] = requests;
    assert_ok(run_history_add(f->spool, TABLE, RUN_HISTORY_EXTRACT, &run, e));
    run.counts[RUN_INSERTED] = changed;
    assert_ok(run_history_add(f->spool, TABLE, RUN_HISTORY_LOAD, &run, e));
}

static void test_requests_per_change(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    struct status_watch *w = watch(&f, false);
    assert_true(status_requests_per_change(table_of(w)) < 0);
    add_runs(&f, 3, 0);
    assert_ok(status_look(w, e));
    assert_true(status_requests_per_change(table_of(w)) < 0);
    add_runs(&f, 7, 40);
    assert_ok(status_look(w, e));
    assert_true(status_requests_per_change(table_of(w)) == 0.25);
    status_close(w);
    fixture_close(&f);
}

/* ---- health ---- */

static void judge(struct health *h, const struct status_watch *w, enum run_history_side side,
                  const struct health_last *last, size_t n)
{
    struct health_conf conf = {side, 60 * WHEN_SECOND, status_of(w)->at};
    health_check(h, &conf, status_of(w), last, n);
}

static void test_health_tells_what_is_stale_failing_and_full(void **state)
{
    struct fixture f;
    struct health h;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1); /* complete up to 2020 */
    struct status_watch *w = watch(&f, false);
    judge(&h, w, RUN_HISTORY_EXTRACT, NULL, 0);
    assert_int_equal(h.total, 1);
    assert_int_equal(h.reasons[0].code, HEALTH_TABLE_STALE);
    assert_string_equal(h.reasons[0].table, TABLE);
    assert_int_equal(h.gravest, ERR_UNAVAILABLE);
    judge(&h, w, RUN_HISTORY_LOAD, NULL, 0); /* it waits since 2020, too */
    assert_int_equal(h.total, 2);
    assert_int_equal(h.reasons[0].code, HEALTH_NEVER_LOADED);
    assert_int_equal(h.reasons[1].code, HEALTH_TABLE_STALE);
    const struct health_last last[] = {{.table = TABLE, .code = ERR_DENIED},
                                       {.table = "users", .code = ERR_FULL}};
    judge(&h, w, RUN_HISTORY_LOAD, last, 2);
    assert_int_equal(h.total, 4);
    assert_int_equal(h.reasons[0].code, HEALTH_FULL); /* the worst first */
    assert_int_equal(h.reasons[1].code, HEALTH_FAILING);
    assert_string_equal(h.reasons[1].error, "denied");
    assert_int_equal(h.gravest, ERR_DENIED);
    const struct health_last calm[] = {{.table = TABLE, .code = OK},
                                       {.table = "users", .code = ERR_INTERRUPTED}};
    judge(&h, w, RUN_HISTORY_LOAD, calm, 2);
    assert_int_equal(h.total, 2);
    status_close(w);
    fixture_close(&f);
}

static void test_health_knows_of_throttling_and_of_history(void **state)
{
    struct fixture f;
    struct health h;
    struct buf line;
    char path[256];
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 1, 1);
    struct run_history_entry run = {
        .complete_to = WHEN_NONE, .status = "failed", .error = "denied"};
    assert_ok(run_history_add(f.spool, TABLE, RUN_HISTORY_LOAD, &run, e));
    static const char breaker[] = "{\"netty_breaker\":1,\"until\":\"2999-01-01T00:00:00.000000Z\"}";
    (void)snprintf(path, sizeof path, "%s/breaker.json", f.dir);
    write_file(path, breaker, sizeof breaker - 1);
    struct status_watch *w = watch(&f, false);
    static const enum run_history_side sides[] = {RUN_HISTORY_LOAD, RUN_HISTORY_EXTRACT};
    for (int i = 0; i < 2; i++) { /* whoever asks */
        judge(&h, w, sides[i], NULL, 0);
        assert_int_equal(h.reasons[0].code, HEALTH_FAILING);
        assert_string_equal(h.reasons[0].error, "denied");
        assert_int_equal(h.reasons[h.count - 1].code, HEALTH_THROTTLED);
        assert_int_equal(h.gravest, ERR_DENIED);
    }
    buf_init(&line, 4096);
    struct health_conf conf = {RUN_HISTORY_EXTRACT, 60 * WHEN_SECOND, 0};
    assert_int_equal(health_line(&line, &h, &conf), OK);
    assert_non_null(strstr(line.data, "left alone until 2999-01-01"));
    assert_non_null(strstr(line.data, TABLE " is complete only up to 2020-09-13"));
    buf_free(&line);
    status_close(w);
    fixture_close(&f);
}

/* More reasons than are kept: the worst is among them, wherever it came. */
static void test_health_drops_what_is_less_grave(void **state)
{
    enum {
        TABLES = HEALTH_MOST + 10
    };
    static struct status_table tables[TABLES];
    static struct status_table *list[TABLES];
    struct status s = {
        .at = 1000 * WHEN_SECOND, .tables = list, .count = TABLES, .breaker_until = WHEN_NONE};
    struct health_conf conf = {RUN_HISTORY_LOAD, 60 * WHEN_SECOND, WHEN_NONE};
    struct health h;
    (void)state;
    for (int i = 0; i < TABLES; i++) {
        list[i] = &tables[i];
        (void)snprintf(tables[i].name, sizeof tables[i].name, "t%03d", i);
        tables[i].complete_to = tables[i].loaded_to = WHEN_SECOND;
        tables[i].since = WHEN_NONE;
    }
    tables[TABLES - 1].gaps = 1;
    health_check(&h, &conf, &s, NULL, 0);
    assert_int_equal(h.total, TABLES + 1);
    assert_int_equal(h.count, HEALTH_MOST);
    assert_int_equal(h.reasons[0].code, HEALTH_GAP);
    assert_string_equal(h.reasons[0].table, tables[TABLES - 1].name);
    for (int i = 1; i < HEALTH_MOST; i++)
        assert_string_equal(h.reasons[i].table, tables[i - 1].name);
    assert_int_equal(h.gravest, ERR_UNAVAILABLE); /* graver than what was set aside */
}

/* ---- JSON ---- */

static void test_json_is_json_and_holds_nothing_of_a_record(void **state)
{
    struct fixture f;
    struct health h;
    struct buf text;
    (void)state;
    fixture_open(&f);
    write_pages(&f, 1, 2, 3);
    set_loaded(&f, "1.1\\\"<", 1, 1);
    set_aside(&f, DEAD_LOAD, "refused", "23514");
    add_runs(&f, 7, 40);
    struct status_watch *w = watch(&f, false);
    judge(&h, w, RUN_HISTORY_EXTRACT, NULL, 0);
    struct status_view view = {
        .program = "extract", .stale_after = 60 * WHEN_SECOND, .health = &h, .spool = f.spool};
    buf_init(&text, STATUS_JSON_MAX);
    assert_int_equal(status_json(&text, status_of(w), &view), OK);
    yajl_handle yajl = yajl_alloc(NULL, NULL, NULL);
    assert_int_equal(yajl_parse(yajl, (const unsigned char *)text.data, text.len), yajl_status_ok);
    assert_int_equal(yajl_complete_parse(yajl), yajl_status_ok);
    yajl_free(yajl);
    assert_null(strstr(text.data, "SECRET"));
    assert_null(strstr(text.data, "contact_id"));
    assert_non_null(strstr(text.data, "\"waiting\":{\"pages\":1,\"records\":3,"));
    assert_non_null(strstr(text.data, "\"sqlstate\":\"23514\",\"records\":1"));
    assert_non_null(strstr(text.data, "\"code\":\"stale\",\"table\":\"contacts\""));
    buf_free(&text);
    status_close(w);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_waits_is_what_lies_between_fetched_and_loaded),
        cmocka_unit_test(test_further_looks_see_what_came_since),
        cmocka_unit_test(test_a_look_from_what_is_loaded_equals_one_at_all),
        cmocka_unit_test(test_reasons_are_counted_and_bounded),
        cmocka_unit_test(test_requests_per_change),
        cmocka_unit_test(test_health_tells_what_is_stale_failing_and_full),
        cmocka_unit_test(test_health_knows_of_throttling_and_of_history),
        cmocka_unit_test(test_health_drops_what_is_less_grave),
        cmocka_unit_test(test_json_is_json_and_holds_nothing_of_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
