/*
 * The reference of the extractor's row: yajl with callbacks that do nothing, over the same bodies in the same chunks.
 *
 * usage: yajl_rate RECORDING
 */
#include "shared/time/when.h"
#include "tests/bench/pages.h"
#include <stdio.h>
#include <yajl/yajl_parse.h>

static int on_plain(void *ctx)
{
    (void)ctx;
    return 1;
}

static int on_boolean(void *ctx, int value)
{
    (void)ctx, (void)value;
    return 1;
}

static int on_number(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
    return 1;
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_plain,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_plain,
    .yajl_map_key = on_string,
    .yajl_end_map = on_plain,
    .yajl_start_array = on_plain,
    .yajl_end_array = on_plain,
};

static bool parse_page(const struct recorded_page *page)
{
    yajl_handle h = yajl_alloc(&callbacks, NULL, NULL);
    yajl_status status = h != NULL ? yajl_status_ok : yajl_status_error;
    for (size_t at = 0; at < page->len && status == yajl_status_ok; at += PAGES_CHUNK) {
        size_t left = page->len - at;
        status = yajl_parse(h, (const unsigned char *)page->body + at,
                            left < PAGES_CHUNK ? left : PAGES_CHUNK);
    }
    if (status == yajl_status_ok)
        status = yajl_complete_parse(h);
    if (h != NULL)
        yajl_free(h);
    return status == yajl_status_ok;
}

/* What callgrind counts (instructions.py). */
__attribute__((noinline)) static bool parse_all(const struct pages *pages)
{
    bool good = true;
    for (size_t i = 0; i < pages->n && good; i++)
        good = parse_page(&pages->list[i]);
    return good;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct pages pages;
    if (argc != 2 || pages_read(&pages, argv[1], &e) != OK) {
        fprintf(stderr, "yajl_rate: %s\n", argc != 2 ? "usage: yajl_rate RECORDING" : e.msg);
        return 1;
    }
    int64_t cpu = pages_cpu();
    int64_t began = when_tick();
    bool good = parse_all(&pages);
    pages_report(&pages, 0, when_tick() - began, pages_cpu() - cpu);
    pages_free(&pages);
    return good ? 0 : 1;
}
