/* A page with a malformed element: its neighbours are handed out all the same, if it can be told where the element ends. */
#include "extract/parser/page_parser_private.h"
#include "extract/parser/page_salvage.h"
#include "extract/parser/php_warning.h"
#include <stdlib.h>
#include <xxhash.h>

void page_parser_keep_body(struct page_parser *p, const char *bytes, size_t n)
{
    if (p->handler.malformed == NULL || p->body_lost)
        return;
    if (p->body.len == 0)
        p->body_from = p->received;
    p->body_lost = buf_add(&p->body, bytes, n) != OK;
    if (p->body_lost)
        buf_free(&p->body);
}

/* Notes where the element of `data` begins in which the failure is. */
void page_parser_note_element(struct page_parser *p)
{
    bool within = p->where != IN_ANSWER;
    uint64_t begin = p->partial.len > 0 ? p->base - p->partial.len : p->base + p->from;
    if (within && !p->replaying && !p->collecting)
        p->element_at = begin;
}

bool page_parser_collect(struct page_parser *p)
{
    bool can =
        p->alone || (p->element_at != PAGE_PARSER_NOWHERE && !p->body_lost && p->body.len > 0);
    if (!can || (p->failed != ERR_PROTOCOL && p->failed != ERR_TOO_BIG))
        return false;
    p->collecting = true;
    p->cause = p->err;
    p->failed = OK;
    return true;
}

static enum err_code hand_out(struct page_parser *p, const char *s,
                              const struct salvage_element *element)
{
    struct page_parser_malformed m = {.raw = s + element->at,
                                      .len = element->len,
                                      .too_large = element->too_large,
                                      .number = p->result.records + p->result.non_records +
                                                p->result.malformed + 1,
                                      .why = p->cause.msg};
    p->result.malformed++;
    return p->handler.malformed(p->ctx, &m, &p->err);
}

static size_t pass_separators(const char *s, size_t n)
{
    size_t at = 0;
    while (at < n && (json_text_blank(s[at]) || s[at] == ','))
        at++;
    return at;
}

static void replay(struct page_parser *p, const char *s, const struct salvage_element *elements,
                   size_t n)
{
    bool comma = false;
    p->replaying = true;
    page_parser_restart(p);
    page_parser_read(p, "{\"data\":[", 9);
    for (size_t i = 0; i < n && p->failed == OK; i++) {
        if (elements[i].malformed || elements[i].too_large) {
            p->failed = hand_out(p, s, &elements[i]);
            continue;
        }
        if (comma)
            page_parser_read(p, ",", 1);
        comma = true;
        page_parser_read(p, s + elements[i].at, elements[i].len);
    }
    page_parser_read(p, "]}", 2);
    p->replaying = false;
}

static uint64_t sum_of(const char *s, const struct salvage_element *elements, size_t n)
{
    uint64_t sum = 1;
    for (size_t i = 0; i < n; i++)
        if (elements[i].malformed || elements[i].too_large)
            sum = XXH3_64bits_withSeed(s + elements[i].at, elements[i].len, sum);
    return sum;
}

/* Reads on without PHP's warnings: s begins between two elements, and if nothing else is wrong with it, no record is malformed. */
static bool read_without_warnings(struct page_parser *p, const char *s, size_t n)
{
    char *text = n > 0 ? malloc(n) : NULL;
    size_t len = text != NULL ? php_warnings_cut(s, n, text) : n;
    size_t at = len < n ? pass_separators(text, len) : 0; /* of what stood before a comma */
    bool good = len < n && page_salvage_closes(text + at, len - at);
    if (good) {
        p->result.noise += n - len;
        p->replaying = true;
        page_parser_restart(p);
        page_parser_read(p, "{\"data\":[", 9);
        page_parser_read(p, text + at, len - at);
        p->replaying = false;
    }
    free(text);
    return good;
}

void page_parser_salvage(struct page_parser *p)
{
    if (p->alone) {
        p->collecting = false;
        p->err = p->cause;
        p->failed = p->cause.code;
        return;
    }
    size_t from = (size_t)(p->element_at - p->body_from);
    uint64_t read = p->result.records + p->result.non_records;
    p->collecting = false;
    from += pass_separators(p->body.data + from, p->body.len - from);
    const char *s = p->body.data + from;
    if (!p->numbered && read_without_warnings(p, s, p->body.len - from))
        return;
    size_t missing = read < p->limit ? (size_t)(p->limit - read) : 0;
    struct salvage_element *elements = missing > 0 ? calloc(missing, sizeof *elements) : NULL;
    bool found = elements != NULL &&
                 page_salvage(s, p->body.len - from, missing, p->conf.record_max, elements);
    if (found)
        p->result.malformed_sum = sum_of(s, elements, missing);
    if (found && p->result.malformed_sum == p->known_sum) {
        replay(p, s, elements, missing);
    } else {
        p->err = p->cause;
        p->failed = p->cause.code;
    }
    free(elements);
}
