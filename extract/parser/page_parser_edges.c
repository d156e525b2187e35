/*
 * What stands before and behind an answer's JSON. PHP writes warnings into the body, a file that begins with a byte order
 * mark sends one for each time it is read, and shutdown functions add lines. Such text is passed over, and counted: it is
 * not part of the JSON. Where it may be the rest of a record that closed the answer too early, which brackets tell, the
 * answer is no page.
 */
#include "extract/parser/page_parser_private.h"
#include <string.h>
#include <strings.h>

#define EDGE_MAX ((size_t)64 << 10) /* bytes of text on either side */
#define STEP     ((size_t)4096)     /* of a chunk, while the beginning is being looked for */

static const char bom[] = {'\xef', '\xbb', '\xbf'};

enum found {
    FOUND,
    FOUND_NOT_YET,
    FOUND_HTML
};

/* Blanks and byte order marks: these mean nothing (RFC 8259, 8.1). */
static size_t pass_marks(const char *s, size_t n)
{
    size_t i = 0;
    for (;;) {
        i += json_text_blanks(s + i, n - i);
        if (n - i < sizeof bom || memcmp(s + i, bom, sizeof bom) != 0)
            return i;
        i += sizeof bom;
    }
}

static bool begins(const char *s, size_t n, const char *word)
{
    size_t len = strlen(word);
    return n >= len && strncasecmp(s, word, len) == 0;
}

/* An HTML page may hold JSON, too, which is not the answer. */
static bool is_document(const char *s, size_t n, size_t *at)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == '<' && (begins(s + i, n - i, "<!doctype") || begins(s + i, n - i, "<html") ||
                            begins(s + i, n - i, "<head") || begins(s + i, n - i, "<script"))) {
            *at = i;
            return true;
        }
    return false;
}

/* An object with a member. Braces within a warning's text are mostly none. */
static bool find_object(const char *s, size_t n, size_t *at)
{
    for (size_t i = *at; i < n; i++) {
        if (s[i] != '{')
            continue;
        size_t next = i + 1;
        next += json_text_blanks(s + next, n - next);
        if (next < n && s[next] == '"') {
            *at = i;
            return true;
        }
    }
    return false;
}

/* An object, an array that is empty or of objects, or null: no warning begins like these. */
static bool is_json(const char *s, size_t n)
{
    size_t next = 1 + json_text_blanks(s + 1, n - 1);
    if (*s == '[')
        return next < n && (s[next] == ']' || s[next] == '{');
    return *s == '{' || (n >= 4 && memcmp(s, "null", 4) == 0);
}

/* *at: where the JSON begins, or the document. *noise: how much before it is text. */
static enum found find_begin(const char *s, size_t n, size_t *at, size_t *noise)
{
    size_t marks = pass_marks(s, n);
    *at = marks;
    *noise = 0;
    if (marks == n)
        return FOUND_NOT_YET;
    if (is_json(s + marks, n - marks))
        return FOUND;
    bool found = find_object(s, n, at);
    size_t document = 0;
    if (is_document(s, found ? *at : n, &document)) {
        *at = document;
        return FOUND_HTML;
    }
    *noise = *at - marks;
    return found ? FOUND : FOUND_NOT_YET;
}

/* The bytes before the JSON count as received, and are no part of it. */
static void pass(struct page_parser *p, size_t at, size_t noise)
{
    p->begun = true;
    p->received += at;
    p->base = p->last_token = p->received;
    p->result.noise += noise;
}

/* A byte order mark, or the brace of an object, may be cut by the chunk's end. */
static void keep(struct page_parser *p, const char *bytes, size_t n)
{
    enum err_code rc = buf_add(&p->lead, bytes, n);
    if (rc == ERR_TOO_BIG)
        page_parser_fail(p, ERR_PROTOCOL, "no JSON, but text", p->lead.len);
    else if (rc != OK)
        p->failed = buf_err(&p->err, rc, &p->lead, "an answer's beginning");
}

void page_parser_open_edges(struct page_parser *p)
{
    buf_init(&p->lead, EDGE_MAX);
}

size_t page_parser_begin(struct page_parser *p, const char *bytes, size_t n, size_t *from)
{
    size_t at = 0;
    size_t noise = 0;
    bool first = p->lead.len == 0;
    size_t step = first || n < STEP ? n : STEP;
    if (!first)
        keep(p, bytes, step);
    if (p->failed != OK)
        return step;
    const char *s = first ? bytes : p->lead.data;
    size_t len = first ? n : p->lead.len;
    switch (find_begin(s, len, &at, &noise)) {
    case FOUND:
        if (noise > EDGE_MAX) {
            page_parser_fail(p, ERR_PROTOCOL, "no JSON, but text", EDGE_MAX);
            return step;
        }
        pass(p, at, noise);
        *from = at;
        return first ? at : step;
    case FOUND_HTML:
        page_parser_fail(p, ERR_PROTOCOL, "HTML, not JSON", at);
        return step;
    case FOUND_NOT_YET:
        break;
    }
    if (first)
        keep(p, bytes, n);
    return step;
}

void page_parser_judge_lead(struct page_parser *p)
{
    const char *s = p->lead.data;
    size_t n = p->lead.len;
    size_t at = n > 0 ? pass_marks(s, n) : 0;
    const char *what = "text, not JSON";
    p->received += n;
    if (at == n) {
        what =
            "it is empty, which says neither that there are no records nor why; PHP sends no bytes "
            "where a record has text that is no UTF-8: the API's owner should know";
        p->result.nothing = true;
    } else if (s[at] == '"' || (n - at >= 5 && memcmp(s + at, "false", 5) == 0)) {
        what = "not an object";
        p->result.nothing = true;
    } else if (n - at > 1 && s[at] == '\x1f' && s[at + 1] == '\x8b') {
        what = "it is gzip, though no Content-Encoding says so";
    } else if (memchr(s, 0, n) != NULL) {
        what = "UTF-16 or no text at all, not UTF-8";
    } else if (s[at] == '<') {
        what = "HTML, not JSON";
    }
    page_parser_fail(p, ERR_PROTOCOL, what, at == n ? 0 : at);
}

void page_parser_behind(struct page_parser *p, const char *s, size_t n, uint64_t at)
{
    for (size_t i = 0; i < n && p->failed == OK; i++) {
        if (json_text_blank(s[i]))
            continue;
        if (memchr("{}[]", s[i], 4) != NULL)
            page_parser_fail(p, ERR_PROTOCOL,
                             "another JSON text behind its end, or the rest of this one", at + i);
        else if (++p->behind > EDGE_MAX)
            page_parser_fail(p, ERR_PROTOCOL, "text behind its end", at + i);
    }
}
