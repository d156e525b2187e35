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
 * A family is all series of one metric; a series has one value of each label. Counting never fails:
 * when memory is short, or a family has METRICS_SERIES series already, a new series is left out. Label
 * values are table names and words of the program's own, and are escaped where necessary.
 *
 * The counters of a program that runs and ends would begin anew with each run, and two runs that did
 * the same would look like one. metrics_resume makes them go on from what the last run rendered.
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

/* a, b: the values of the first and second label; NULL where the family has no such label. metrics_add with 0 makes a series
 * appear. */
void metrics_add(struct metrics *m, size_t metric, const char *a, const char *b, double v);
void metrics_set(struct metrics *m, size_t metric, const char *a, const char *b, double v);
void metrics_observe(struct metrics *m, size_t metric, const char *a, const char *b, double v);
/* Removes the family's series, before gauges of things that may have gone are set anew. */
void metrics_clear(struct metrics *m, size_t metric);

/* Appends the text of all families that have a series. */
enum err_code metrics_render(const struct metrics *m, struct buf *b) MUST_CHECK;

/* Adds the counters and histograms of text[0..n), which metrics_render has made, to those of m. Lines that are not
 * understood, and families that m does not have, are passed over. */
void metrics_resume(struct metrics *m, const char *text, size_t n);

/* Appends the standard process_* metrics of this process. */
enum err_code metrics_process(struct buf *b) MUST_CHECK;

#endif
