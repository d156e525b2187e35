/*
 * Counters, gauges and histograms, in Prometheus' text format 0.0.4.
 *
 *     enum { REQUESTS, PAGE_SECONDS };
 *     static const struct metric_def defs[] = {
 *         [REQUESTS] = {"netty_extract_requests_total", METRIC_COUNTER, {"table"}, .help = "..."},
 *         ...
 *     };
 *     metrics_open(&m, defs, n, e);                  // defs are borrowed
 *     metrics_add(m, REQUESTS, "contacts", NULL, 1);
 *     metrics_render(m, &text);
 *     metrics_close(m);
 *
 * Names and units are Prometheus': base units (seconds, bytes), counters end in _total.
 *
 * Counting never fails: where memory is short, or a family has METRICS_SERIES series already, a new
 * series is left out. Label values are tables' names and words of the program's own; a value that
 * needs escapes is escaped.
 *
 * A one-shot program's counters would begin anew with each run, and two runs alike would look as if
 * nothing had happened. metrics_resume lets them go on from what the last run rendered.
 */
#ifndef NETTY_SHARED_METRICS_METRICS_H
#define NETTY_SHARED_METRICS_METRICS_H

#include "shared/base/buf.h"

#define METRICS_LABELS 2
#define METRICS_BOUNDS 16
#define METRICS_SERIES 2000 /* a family's, at most */
#define METRICS_TEXT   ((size_t)16 << 20)

enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM
};

struct metric_def {
    const char *name;
    enum metric_type type;
    const char *labels[METRICS_LABELS]; /* names; NULL: no more */
    const char *help;                   /* one sentence */
    double bounds[METRICS_BOUNDS];      /* METRIC_HISTOGRAM: the buckets', rising; 0: no more */
};

struct metrics;
enum err_code metrics_open(struct metrics **m, const struct metric_def *defs, size_t n,
                           struct err *e) MUST_CHECK;
void metrics_close(struct metrics *m);

/* a, b: the labels' values; NULL for one that the family does not have. metrics_add with 0 makes
 * the series show. */
void metrics_add(struct metrics *m, size_t metric, const char *a, const char *b, double v);
void metrics_set(struct metrics *m, size_t metric, const char *a, const char *b, double v);
void metrics_observe(struct metrics *m, size_t metric, const char *a, const char *b, double v);
/* Forgets the family's series: before gauges of what may be gone are set anew. */
void metrics_clear(struct metrics *m, size_t metric);

/* Adds all families that have a series. */
enum err_code metrics_render(const struct metrics *m, struct buf *b) MUST_CHECK;

/* Counters and histograms of text[0..n), which metrics_render once made, are added to ours. Lines
 * that are not understood, and families that are not ours, are passed over. */
void metrics_resume(struct metrics *m, const char *text, size_t n);

/* The standard process_* metrics of this process. */
enum err_code metrics_process(struct buf *b) MUST_CHECK;

#endif
