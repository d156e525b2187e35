#include "extract/parser/page_salvage.h"
#include "extract/parser/element_scan.h"
#include "extract/parser/json_text.h"
#include "shared/json/json_memory.h"
#include "shared/json/json_record.h"
#include <string.h>
#include <yajl/yajl_parse.h>

/* The search for the ends. elements[0..count) are decided; the last malformed one may be undone. */
struct search {
    const char *s;
    size_t n;
    size_t missing;
    size_t record_max;
    struct salvage_element *elements;
    size_t count;
    size_t work; /* bytes that may still be looked at */
};

static bool spend(struct search *x, size_t bytes)
{
    bool enough = x->work >= bytes;
    x->work = enough ? x->work - bytes : 0;
    return enough;
}

/* ---- one element ---- */

struct depth {
    unsigned now;
    bool ended;
};

static int opened(void *ctx)
{
    struct depth *d = ctx;
    return ++d->now <= RECORD_DEPTH;
}

static int closed(void *ctx)
{
    struct depth *d = ctx;
    d->now--;
    return 1;
}

/* Returns the length of the JSON value that s begins with, as yajl finds it, where the fast scan is not sure; 0: none. */
static size_t value_length(const char *s, size_t n)
{
    static const yajl_callbacks callbacks = {.yajl_start_map = opened,
                                             .yajl_end_map = closed,
                                             .yajl_start_array = opened,
                                             .yajl_end_array = closed};
    struct depth depth = {0};
    size_t len = 0;
    yajl_handle y = json_memory_yajl(&callbacks, &depth);
    yajl_config(y, yajl_dont_validate_strings, 1);
    yajl_config(y, yajl_allow_trailing_garbage, 1);
    if (yajl_parse(y, (const unsigned char *)s, n) == yajl_status_ok && depth.now == 0)
        len = yajl_get_bytes_consumed(y);
    yajl_free(y);
    return len;
}

static bool is_text(const char *s, size_t n)
{
    struct json_text_check check = {0};
    size_t bad = 0;
    return json_text_check(&check, s, n, &bad) && json_text_ended(&check);
}

/* The length of the well-formed element at `at`, or 0. */
static size_t good_length(struct search *x, size_t at)
{
    struct scanned r;
    const char *s = x->s + at;
    size_t n = x->n - at;
    size_t len = 0;
    if (*s == '{' && element_scan_record("", 0, s, n, &r))
        len = r.len;
    else if (spend(x, n))
        len = value_length(s, n);
    return len > 0 && spend(x, len) && is_text(s, len) ? len : 0;
}

static size_t pass_blanks(const struct search *x, size_t at)
{
    return at + json_text_blanks(x->s + at, x->n - at);
}

/* Behind the next brace from `from` on that an element may end with: before a comma and another
 * object, or before the bracket. 0: there is none. */
static size_t next_end(struct search *x, size_t from)
{
    const char *brace = NULL;
    while (from < x->n && (brace = memchr(x->s + from, '}', x->n - from)) != NULL) {
        size_t end = (size_t)(brace - x->s) + 1;
        size_t at = pass_blanks(x, end);
        if (!spend(x, at - from))
            return 0;
        if (at < x->n && x->s[at] == ']')
            return end;
        if (at < x->n && x->s[at] == ',') {
            at = pass_blanks(x, at + 1);
            if (at < x->n && x->s[at] == '{')
                return end;
        }
        from = end;
    }
    return 0;
}

/* ---- the rest of the answer ---- */

bool page_salvage_closes(const char *s, size_t n)
{
    static const char before[] = "{\"data\":[";
    if (!is_text(s, n))
        return false;
    yajl_handle y = json_memory_yajl(NULL, NULL);
    yajl_config(y, yajl_dont_validate_strings, 1);
    bool good = yajl_parse(y, (const unsigned char *)before, sizeof before - 1) == yajl_status_ok &&
                yajl_parse(y, (const unsigned char *)s, n) == yajl_status_ok &&
                yajl_complete_parse(y) == yajl_status_ok;
    yajl_free(y);
    return good;
}

/* Whether the answer closes, from the bracket that ends `data` on. */
static bool closes(struct search *x, size_t bracket)
{
    size_t n = x->n - bracket;
    return spend(x, n) && page_salvage_closes(x->s + bracket, n);
}

/* ---- the search ---- */

/* Adds the element at `at`: as it is if it is well-formed, else up to the first end that it may have. */
static bool take(struct search *x, size_t at)
{
    struct salvage_element *e = &x->elements[x->count];
    *e = (struct salvage_element){.at = at, .len = good_length(x, at)};
    e->too_large = e->len > x->record_max;
    if (e->len == 0) {
        size_t end = next_end(x, at);
        if (end == 0)
            return false;
        e->malformed = true;
        e->len = end - at;
    }
    x->count++;
    return true;
}

/* Gives the last malformed element its next possible end, and drops the elements behind it. An element that seemed whole, but has neither a comma nor
 * the bracket behind it, is malformed, too. */
static bool step_back(struct search *x)
{
    while (x->count > 0) {
        struct salvage_element *e = &x->elements[x->count - 1];
        size_t behind = pass_blanks(x, e->at + e->len);
        if (behind < x->n && x->s[behind] != ',' && x->s[behind] != ']')
            e->malformed = true;
        size_t end = e->malformed ? next_end(x, e->at + e->len) : 0;
        if (end > 0) {
            e->len = end - e->at;
            return true;
        }
        x->count--;
    }
    return false;
}

/* Goes on behind the last element. Returns true if that was the last of all, and the answer closes. */
static bool go_on(struct search *x, bool *stuck)
{
    const struct salvage_element *last = &x->elements[x->count - 1];
    size_t at = pass_blanks(x, last->at + last->len);
    *stuck = false;
    if (at < x->n && x->s[at] == ']' && x->count == x->missing)
        return closes(x, at) || (*stuck = true, false);
    if (at < x->n && x->s[at] == ',' && x->count < x->missing) {
        at = pass_blanks(x, at + 1);
        *stuck = at == x->n || !take(x, at);
        return false;
    }
    *stuck = true;
    return false;
}

bool page_salvage(const char *s, size_t n, size_t missing, size_t record_max,
                  struct salvage_element *elements)
{
    struct search x = {.s = s,
                       .n = n,
                       .missing = missing,
                       .record_max = record_max,
                       .elements = elements,
                       .work = SALVAGE_WORK * n};
    bool stuck = false;
    if (n == 0 || missing == 0 || !take(&x, 0))
        return false;
    for (;;) {
        if (!stuck && go_on(&x, &stuck))
            return true;
        if (stuck && (x.work == 0 || !step_back(&x)))
            return false;
        stuck = false;
    }
}

size_t page_salvage_first(const char *s, size_t n, size_t most, size_t record_max,
                          struct salvage_element *elements)
{
    struct search x = {
        .s = s, .n = n, .record_max = record_max, .elements = elements, .work = SALVAGE_WORK * n};
    size_t at = 0;
    while (at < n && x.count < most && take(&x, at)) {
        at = pass_blanks(&x, elements[x.count - 1].at + elements[x.count - 1].len);
        if (at < n && s[at] == ']')
            return closes(&x, at) ? x.count : 0;
        if (at == n || s[at] != ',')
            return 0;
        at = pass_blanks(&x, at + 1);
    }
    return 0;
}
