#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/metrics/metrics.h"
#include <stdio.h>
#include <string.h>

enum {
    COUNT,
    GAUGE,
    SECONDS,
    ALONE,
    METRICS
};
static const struct metric_def defs[METRICS] = {
    [COUNT] = {"x_requests_total", METRIC_COUNTER, {"table", "kind"}, .help = "Requests."},
    [GAUGE] = {"x_bytes", METRIC_GAUGE, {NULL}, .help = "Bytes."},
    [SECONDS] =
        {"x_run_seconds", METRIC_HISTOGRAM, {"table"}, .help = "Runs.", .bounds = {0.5, 1, 10}},
    [ALONE] = {"x_page_seconds", METRIC_HISTOGRAM, {NULL}, .help = "Pages.", .bounds = {1}},
};

static struct metrics *open_metrics(void)
{
    struct err e = ERR_INIT;
    struct metrics *m = NULL;
    assert_int_equal(metrics_open(&m, defs, METRICS, &e), OK);
    return m;
}

static void assert_renders(const struct metrics *m, const char *expected)
{
    struct buf text;
    buf_init(&text, METRICS_TEXT);
    assert_int_equal(metrics_render(m, &text), OK);
    assert_string_equal(text.data, expected);
    buf_free(&text);
}

static void test_what_was_never_counted_does_not_show(void **state)
{
    (void)state;
    struct metrics *m = open_metrics();
    assert_renders(m, "");
    metrics_add(m, COUNT, "contacts", "timeout", 0);
    assert_renders(m, "# HELP x_requests_total Requests.\n# TYPE x_requests_total counter\n"
                      "x_requests_total{table=\"contacts\",kind=\"timeout\"} 0\n");
    metrics_close(m);
}

static void test_counters_gauges_and_histograms(void **state)
{
    (void)state;
    struct metrics *m = open_metrics();
    metrics_add(m, COUNT, "a", "b", 2);
    metrics_add(m, COUNT, "a", "b", 3);
    metrics_set(m, GAUGE, NULL, NULL, 7);
    metrics_set(m, GAUGE, NULL, NULL, 0.1);
    metrics_observe(m, SECONDS, "a", NULL, 0.5); /* a bound belongs to its bucket */
    metrics_observe(m, SECONDS, "a", NULL, 2);
    metrics_observe(m, SECONDS, "a", NULL, 100);
    assert_renders(m, "# HELP x_requests_total Requests.\n# TYPE x_requests_total counter\n"
                      "x_requests_total{table=\"a\",kind=\"b\"} 5\n"
                      "# HELP x_bytes Bytes.\n# TYPE x_bytes gauge\nx_bytes 0.1\n"
                      "# HELP x_run_seconds Runs.\n# TYPE x_run_seconds histogram\n"
                      "x_run_seconds_bucket{table=\"a\",le=\"0.5\"} 1\n"
                      "x_run_seconds_bucket{table=\"a\",le=\"1\"} 1\n"
                      "x_run_seconds_bucket{table=\"a\",le=\"10\"} 2\n"
                      "x_run_seconds_bucket{table=\"a\",le=\"+Inf\"} 3\n"
                      "x_run_seconds_sum{table=\"a\"} 102.5\n"
                      "x_run_seconds_count{table=\"a\"} 3\n");
    metrics_close(m);
}

static void test_label_values_are_escaped(void **state)
{
    (void)state;
    struct metrics *m = open_metrics();
    metrics_add(m, COUNT, "a\"b\\c\nd", "", 1);
    assert_renders(m, "# HELP x_requests_total Requests.\n# TYPE x_requests_total counter\n"
                      "x_requests_total{table=\"a\\\"b\\\\c\\nd\",kind=\"\"} 1\n");
    metrics_close(m);
}

static void test_a_family_is_bounded(void **state)
{
    char name[32];
    struct buf text;
    (void)state;
    struct metrics *m = open_metrics();
    for (int i = 0; i < METRICS_SERIES + 50; i++) {
        (void)snprintf(name, sizeof name, "t%d", i);
        metrics_add(m, COUNT, name, "", 1);
    }
    buf_init(&text, METRICS_TEXT);
    assert_int_equal(metrics_render(m, &text), OK);
    size_t lines = 0;
    for (const char *p = text.data; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_int_equal(lines, METRICS_SERIES + 2);
    buf_free(&text);
    metrics_clear(m, COUNT);
    assert_renders(m, "");
    metrics_close(m);
}

static void test_counters_go_on_where_the_last_run_ended(void **state)
{
    struct buf text;
    struct buf again;
    (void)state;
    struct metrics *m = open_metrics();
    struct metrics *other = open_metrics();
    metrics_add(m, COUNT, "tab\"le=\"", "b", 5);
    metrics_set(m, GAUGE, NULL, NULL, 7);
    metrics_observe(m, SECONDS, "a", NULL, 0.7);
    metrics_observe(m, SECONDS, "a", NULL, 20);
    metrics_observe(m, ALONE, NULL, NULL, 0.25);
    buf_init(&text, METRICS_TEXT);
    buf_init(&again, METRICS_TEXT);
    assert_int_equal(metrics_render(m, &text), OK);
    metrics_resume(other, text.data, text.len);
    metrics_set(other, GAUGE, NULL, NULL, 7); /* which does not go on */
    assert_int_equal(metrics_render(other, &again), OK);
    assert_string_equal(again.data, text.data);
    metrics_resume(other, text.data, text.len);
    metrics_observe(other, SECONDS, "a", NULL, 0.1);
    buf_reset(&again);
    assert_int_equal(metrics_render(other, &again), OK);
    assert_non_null(strstr(again.data, "x_run_seconds_bucket{table=\"a\",le=\"0.5\"} 1\n"));
    assert_non_null(strstr(again.data, "x_run_seconds_bucket{table=\"a\",le=\"10\"} 3\n"));
    assert_non_null(strstr(again.data, "x_run_seconds_count{table=\"a\"} 5\n"));
    buf_free(&text);
    buf_free(&again);
    metrics_close(m);
    metrics_close(other);
}

static void test_nonsense_is_passed_over(void **state)
{
    static const char text[] = "x_requests_total\n"
                               "x_requests_total{table=\"a\",kind=\"b\"} many\n"
                               "x_requests_total{table=\"a\",kind=\"b\"} -1\n"
                               "x_requests_total{table=\"a\",kind=\"b\"} nan\n"
                               "y_requests_total{table=\"a\",kind=\"b\"} 3\n"
                               "x_run_seconds_bucket{table=\"a\"} 3\n"
                               " 3\n\n# HELP x_requests_total 3\n"
                               "x_requests_total{ 4";
    (void)state;
    struct metrics *m = open_metrics();
    for (size_t n = 0; n <= sizeof text - 1; n++)
        metrics_resume(m, text, n);
    assert_renders(m, "");
    metrics_close(m);
}

static void test_the_process_tells_of_itself(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, METRICS_TEXT);
    assert_int_equal(metrics_process(&text), OK);
    assert_non_null(strstr(text.data, "\nprocess_cpu_seconds_total "));
    assert_non_null(strstr(text.data, "\nprocess_resident_memory_bytes "));
    assert_non_null(strstr(text.data, "\nprocess_start_time_seconds 1"));
    assert_non_null(strstr(text.data, "\nprocess_open_fds "));
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_never_counted_does_not_show),
        cmocka_unit_test(test_counters_gauges_and_histograms),
        cmocka_unit_test(test_label_values_are_escaped),
        cmocka_unit_test(test_a_family_is_bounded),
        cmocka_unit_test(test_counters_go_on_where_the_last_run_ended),
        cmocka_unit_test(test_nonsense_is_passed_over),
        cmocka_unit_test(test_the_process_tells_of_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
