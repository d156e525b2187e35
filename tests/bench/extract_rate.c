/*
 * The extractor without its network: a recorded crawl's bodies, in the chunks that libcurl makes, through the parser,
 * the crawl and the writer of the spool, each page durable, as extract/table/table_fetch.c does it.
 *
 * usage: extract_rate RECORDING SPOOL SEGMENT-BYTES
 *
 * SPOOL is made. With a segment size beyond all bytes nothing is sealed. Bind it to one core (taskset) to measure one:
 * the thread that syncs is then on it too.
 */
#include "extract/page/fetched_page.h"
#include "extract/table/table_fetch.h"
#include "shared/time/when.h"
#include "tests/bench/pages.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE "contacts"

struct feed {
    const struct pages *pages;
    uv_loop_t loop;
    struct spool *spool;
    struct zone *zone;
    struct writer *writer;
    struct crawl *crawl;
    struct page_key *key;
    struct fetched_page *page;
    struct buf position;
    uint64_t records; /* durable */
    struct err failed;
};

static void on_commit(void *ctx, enum err_code rc, const struct page_info *info,
                      const struct err *err)
{
    struct feed *f = ctx;
    if (rc == OK)
        f->records += info->records;
    else
        f->failed = *err;
}

static enum err_code feed_body(struct feed *f, const struct recorded_page *page, struct err *e)
{
    struct page_parser_result result;
    enum err_code rc = OK;
    fetched_page_start(f->page, &(struct crawl_request){.limit = 0}, 0);
    for (size_t at = 0; at < page->len && rc == OK; at += PAGES_CHUNK) {
        size_t left = page->len - at;
        rc =
            fetched_page_body(f->page, page->body + at, left < PAGES_CHUNK ? left : PAGES_CHUNK, e);
    }
    return rc == OK ? fetched_page_finish(f->page, &result, e) : rc;
}

static enum err_code feed_page(struct feed *f, const struct recorded_page *page, struct err *e)
{
    struct crawl_request request;
    struct crawl_stats stats;
    const struct crawl_answer answer = {.date = page->date, .now = page->date, .count = -1};
    if (crawl_next(f->crawl, &request) != CRAWL_FETCH)
        return err_set(e, ERR_INTERNAL, "the recording goes on behind the crawl's end");
    enum err_code rc = feed_body(f, page, e);
    if (rc != OK)
        return rc;
    if (page_key_judge(f->key, false, e) != PAGE_KEY_GOOD)
        return err_set(e, ERR_INTERNAL, "the recorded records have another key than their table");
    enum crawl_verdict verdict = crawl_page(f->crawl, &answer, e);
    if (verdict == CRAWL_RETAKE)
        return fetched_page_discard(f->page, e);
    if (verdict != CRAWL_KEEP)
        return err_set(e, ERR_INTERNAL, "a recorded page is not one that the crawl asked for");
    crawl_stats(f->crawl, &stats);
    buf_reset(&f->position);
    if ((rc = crawl_position(f->crawl, &f->position, e)) != OK)
        return rc;
    return fetched_page_keep(f->page, f->position.data, stats.complete_to, on_commit, f, e);
}

/* As in extract/table/table_fetch.c: the next page is not waited with for the last one's sync, within a limit.
 * What callgrind counts (instructions.py). */
__attribute__((noinline)) static enum err_code feed_all(struct feed *f, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; i < f->pages->n && rc == OK; i++) {
        rc = feed_page(f, &f->pages->list[i], e);
        uv_run(&f->loop, UV_RUN_NOWAIT);
        while (writer_pending(f->writer) >= TABLE_FETCH_PENDING_MAX)
            uv_run(&f->loop, UV_RUN_ONCE);
    }
    while (writer_pending(f->writer) > 0)
        uv_run(&f->loop, UV_RUN_ONCE);
    if (rc == OK && f->failed.code != OK) {
        *e = f->failed;
        rc = e->code;
    }
    return rc;
}

static enum err_code open_parts(struct feed *f, const char *dir, int64_t segment, struct err *e)
{
    const struct writer_conf writer = {.segment_size = segment, .segment_age = INT64_MAX / 2};
    enum err_code rc = spool_open(&f->spool, dir, SPOOL_CREATE, e);
    if (rc == OK)
        rc = zone_open(&f->zone, "UTC", e);
    if (rc == OK)
        rc = writer_open(&f->writer, &f->loop, f->spool, TABLE, &writer, e);
    if (rc != OK)
        return rc;
    const struct crawl_conf crawl = {.limit = 100,
                                     .overlap = 7200 * WHEN_SECOND,
                                     .margin = 60 * WHEN_SECOND,
                                     .zone = f->zone,
                                     .since = WHEN_NONE,
                                     .floor = WHEN_NONE,
                                     .keyed = true,
                                     .now = f->pages->n > 0 ? f->pages->list[0].date : 0};
    if ((rc = crawl_open(&f->crawl, &crawl, NULL, e)) != OK)
        return rc;
    /* What a table's key is called is learned from its first page, once in its life. */
    if (page_key_open(&f->key, TABLE, NULL, "contact_id", e) != OK)
        return e->code;
    const struct fetched_page_parts parts = {.spool = f->spool,
                                             .key = f->key,
                                             .table = TABLE,
                                             .writer = f->writer,
                                             .crawl = f->crawl,
                                             .zone = f->zone,
                                             .record_max = (size_t)64 << 20,
                                             .page_max = (uint64_t)1 << 30};
    return fetched_page_open(&f->page, &parts, e);
}

static void close_parts(struct feed *f)
{
    fetched_page_close(f->page);
    page_key_close(f->key);
    crawl_close(f->crawl);
    if (f->writer != NULL)
        writer_close(f->writer, NULL, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&f->loop);
    zone_close(f->zone);
    spool_close(f->spool);
    buf_free(&f->position);
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    struct pages pages = {0};
    struct feed f = {.pages = &pages, .failed = ERR_INIT};
    if (argc != 4) {
        fprintf(stderr, "usage: extract_rate RECORDING SPOOL SEGMENT-BYTES\n");
        return 1;
    }
    buf_init(&f.position, PAGE_POSITION_MAX);
    if (uv_loop_init(&f.loop) != 0)
        return 1;
    enum err_code rc = pages_read(&pages, argv[1], &e);
    if (rc == OK)
        rc = open_parts(&f, argv[2], strtoll(argv[3], NULL, 10), &e);
    int64_t cpu = pages_cpu();
    int64_t began = when_tick();
    if (rc == OK)
        rc = feed_all(&f, &e);
    int64_t wall = when_tick() - began;
    if (rc == OK)
        pages_report(&pages, f.records, wall, pages_cpu() - cpu);
    else
        fprintf(stderr, "extract_rate: %s\n", e.msg);
    close_parts(&f);
    pages_free(&pages);
    return rc == OK ? 0 : 1;
}
