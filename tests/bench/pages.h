/*
 * A recorded crawl in memory: the bodies of its answers in their order, as tests/bench/recording.py wrote them.
 * File: for each answer a line "<Date, seconds since 1970> <bytes>", then the body.
 */
#ifndef NETTY_TESTS_BENCH_PAGES_H
#define NETTY_TESTS_BENCH_PAGES_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

/* What libcurl hands on at a time, of gzip always and of plain text at most (CURL_MAX_WRITE_SIZE). */
#define PAGES_CHUNK ((size_t)16 << 10)

struct recorded_page {
    const char *body;
    size_t len;
    int64_t date; /* microseconds since 1970 */
};

struct pages {
    char *text;
    struct recorded_page *list;
    size_t n;
    uint64_t bytes; /* of all bodies */
};

enum err_code pages_read(struct pages *p, const char *path, struct err *e) MUST_CHECK;
void pages_free(struct pages *p);

/* A whole file, with a 0 behind it; the caller frees it, also after an error. */
enum err_code file_read(const char *path, char **text, size_t *n, struct err *e) MUST_CHECK;

/* One object a line on standard output: what a measurement reads. Times since the process began. */
void pages_report(const struct pages *p, uint64_t records, int64_t wall_us, int64_t cpu_us);
int64_t pages_cpu(void); /* of all threads, user and system, microseconds */

#endif
