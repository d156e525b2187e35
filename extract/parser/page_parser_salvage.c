/* A page with a malformed element: its neighbours are handed out all the same, if it can be told where the element ends. */
#include "extract/parser/page_parser_private.h"
#include "extract/parser/page_salvage.h"
#include "extract/parser/php_warning.h"
#include <stdlib.h>
#include <string.h>
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

/* A list's last page is shorter than asked for. `count` is how many elements the answer has, or how many the list. */
static bool count_says(const struct page_parser *p, uint64_t elements)
{
    uint64_t count = p->result.count > 0 ? (uint64_t)p->result.count : 0;
    return count > 0 && (count == elements || count == p->offset + elements);
}

/* A malformed element in which the key's name stands twice may be two of them. */
static bool may_be_two(const struct page_parser *p, const char *s, size_t n)
{
    const char *key = p->conf.key;
    const char *first = memmem(s, n, key, p->key_len);
    const char *behind = first != NULL ? first + p->key_len : s + n;
    return memmem(behind, n - (size_t)(behind - s), key, p->key_len) != NULL;
}

/* The remaining elements, `most` at most; 0: their ends cannot be told. */
static size_t find_elements(struct page_parser *p, const char *s, size_t n, size_t most,
                            struct salvage_element *elements)
{
    uint64_t read = p->result.records + p->result.non_records;
    size_t max = p->conf.record_max;
    if (page_salvage(s, n, most, max, elements))
        return most;
    size_t found = page_salvage_first(s, n, most, max, elements);
    for (size_t i = 0; i < found; i++)
        if (elements[i].malformed && may_be_two(p, s + elements[i].at, elements[i].len))
            return 0;
    if (found == 0 || count_says(p, read + found))
        return found;
    p->result.elements = read + found;
    p->result.last_sum = XXH3_64bits(s + elements[found - 1].at, elements[found - 1].len);
    p->result.malformed_sum = sum_of(s, elements, found);
    bool known = p->known_elements == p->result.elements && p->known_last == p->result.last_sum;
    return known ? found : 0;
}

void page_parser_sum_alone(struct page_parser *p)
{
    struct record_raw raw;
    if (p->alone && p->received <= p->conf.page_max && record_bytes_end(p->bytes, &raw))
        p->result.last_sum = raw.hash;
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
    size_t most = read < p->limit ? (size_t)(p->limit - read) : 0;
    struct salvage_element *elements = most > 0 ? calloc(most, sizeof *elements) : NULL;
    size_t found = elements != NULL ? find_elements(p, s, p->body.len - from, most, elements) : 0;
    if (found > 0)
        p->result.malformed_sum = sum_of(s, elements, found);
    if (found > 0 && p->result.malformed_sum == p->known_sum) {
        replay(p, s, elements, found);
    } else {
        p->err = p->cause;
        p->failed = p->cause.code;
    }
    free(elements);
}
