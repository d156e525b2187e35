/* Answers that are not as they should be, and can be read all the same. */
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"
#include <string.h>

static bool same_list(const struct crawl_request *a, const struct crawl_request *b)
{
    return a->sort == b->sort && strcmp(a->after, b->after) == 0 && strcmp(a->equal, b->equal) == 0;
}

/* Some APIs send as `count` the page's size, which equals the place of the first page's end; or how far the list was read, which
 * equals the place of every page's end. So the `count` of a full page proves nothing, unless an earlier page's `count` was more
 * than that page brought. */
static void note_end(struct table_fetch *t, const struct page_parser_result *parsed)
{
    const struct crawl_request *asked = &t->asked;
    uint64_t n = parsed->records + parsed->non_records + parsed->malformed;
    uint64_t end = asked->offset + n;
    uint64_t count = parsed->count > 0 ? (uint64_t)parsed->count : 0;
    if (asked->limit == 0 || n == 0)
        return;
    bool more = t->told_more && same_list(&t->told, asked);
    bool tells = count == end && (n < asked->limit || (asked->offset > 0 && more));
    t->told = *asked;
    t->told_end = tells ? end : UINT64_MAX;
    t->told_more = more || count > end;
}

/* An answer of no bytes, or 404, may not mean an empty page: PHP sends no bytes if it cannot encode a record. It counts as one
 * only if the API itself has said, with the page before, that the list ends here. */
static bool is_told_end(const struct table_fetch *t)
{
    return t->asked.limit > 0 && t->told.limit > 0 && t->told_end != UINT64_MAX &&
           same_list(&t->told, &t->asked) && t->asked.offset >= t->told_end;
}

static void tell(struct table_fetch *t, const struct http_result *result, const char *what)
{
    if (!t->odd_told)
        LOG(LOG_WARN, "odd-answer", what, F_STR("table", t->name), F_STR("words", result->words));
    t->odd_told = true;
}

void table_fetch_read(struct table_fetch *t, struct http_result *result,
                      struct page_parser_result *parsed, struct err *page)
{
    bool answered = result->err.code == OK;
    if (!answered && result->cut && fetched_page_is_whole(t->page)) {
        tell(t, result,
             "the connection ended otherwise than the answer said, but its JSON is whole, and is "
             "read; its Content-Length is wrong, or a proxy cuts answers");
        result->err = (struct err)ERR_INIT;
        result->timed_out = false;
        answered = true;
    }
    if (answered && result->status == 200)
        page->code = fetched_page_finish(t->page, parsed, page);
    bool bare = answered && result->status == 200 && parsed->nothing && parsed->bytes == 0;
    t->spoke = t->spoke || !bare;
    bool nothing =
        answered && (result->status == 404 || (result->status == 200 && parsed->nothing));
    if (nothing && is_told_end(t)) {
        *parsed = (struct page_parser_result){.bytes = parsed->bytes, .count = -1};
        *page = (struct err)ERR_INIT;
        result->status = 200;
    }
}

void table_fetch_note_answer(struct table_fetch *t, const struct http_result *result,
                             const struct page_parser_result *parsed)
{
    if (parsed->noise > 0)
        tell(t, result,
             "there is text before or behind the JSON of the answers, which are read without it; "
             "the API's owner should know");
    note_end(t, parsed);
}
