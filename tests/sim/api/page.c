#include "tests/sim/api/page.h"

#include "tests/sim/base/pen.h"

#include <string.h>

#define DEPTH 3000 /* of FAULT_DEEP: more than a parser with a limit takes */

static void write_count(struct pen *p, const struct page *page)
{
    static const char *const garbage[] = {"-1", "null", "\"many\"", "1e99", "0", "[]", "true"};
    if (page->mood->count_is == COUNT_NONE) {
        pen_put(p, "\"ok\":true");
        return;
    }
    pen_put(p, "\"count\":");
    if (page->mood->count_is == COUNT_GARBAGE)
        pen_put(p, garbage[rng_below(&p->rng, sizeof garbage / sizeof *garbage)]);
    else
        pen_uint(p, page->mood->count_is == COUNT_PAGE ? page->n : page->total);
}

/* An element that is no record. */
static void write_intruder(struct pen *p, enum fault fault)
{
    static const char *const none[] = {"null", "12", "\"text\"", "[]", "true", "[{\"a\":1}]"};
    if (fault == FAULT_NULLELEMENT) {
        pen_put(p, none[rng_below(&p->rng, sizeof none / sizeof *none)]);
        return;
    }
    pen_put(p, "{\"deep\":");
    for (int i = 0; i < DEPTH; i++)
        pen_put(p, "[");
    for (int i = 0; i < DEPTH; i++)
        pen_put(p, "]");
    pen_put(p, "}");
}

static enum err_code write_record(const struct page *page, const struct rec *rec, struct buf *out)
{
    const struct spoil *spoil = spoils_find(page->spoils, rec->id);
    size_t begin = out->len;
    enum err_code rc = kept_text(page->kept, page->body, page->table, rec, out);
    return rc == OK && spoil != NULL && spoil_is_text(spoil) ? spoil_text(spoil, out, begin) : rc;
}

static void write_records(struct pen *p, const struct page *page)
{
    bool intruder = page->fault == FAULT_NULLELEMENT || page->fault == FAULT_DEEP;
    size_t place = intruder ? (size_t)rng_below(&p->rng, page->n + 1) : 0;
    bool comma = false;
    for (size_t i = 0; i <= page->n; i++) {
        if (intruder && i == place) {
            pen_put(p, comma ? "," : "");
            write_intruder(p, page->fault);
            comma = true;
        }
        if (i == page->n)
            break;
        pen_put(p, comma ? "," : "");
        comma = true;
        if (p->rc == OK)
            p->rc = write_record(page, table_at(page->table, page->positions[i]), p->out);
    }
}

static void write_data(struct pen *p, const struct page *page)
{
    static const char *const none[] = {"\"data\":{}", "\"data\":null", "\"data\":\"\"",
                                       "\"result\":[]", "\"data\":12"};
    if (page->fault == FAULT_NOTARRAY) {
        pen_put(p, none[rng_below(&p->rng, sizeof none / sizeof *none)]);
        return;
    }
    if (page->n == 0 && page->fault == FAULT_NONE && page->mood->empty_is != EMPTY_ARRAY) {
        static const char *const empty[] = {[EMPTY_NULL] = "\"data\":null",
                                            [EMPTY_OBJECT] = "\"data\":{}",
                                            [EMPTY_MISSING] = "\"message\":\"no result\""};
        pen_put(p, empty[page->mood->empty_is]);
        return;
    }
    pen_put(p, "\"data\":[");
    write_records(p, page);
    pen_put(p, "]");
}

static void write_envelope(struct pen *p, const struct page *page)
{
    pen_put(p, page->mood->bom ? "\xef\xbb\xbf{" : "{");
    if (page->mood->envelope == ENVELOPE_RICH)
        pen_put(p, "\"meta\":{\"data\":[{\"time_modified\":\"1999-01-01\"}],\"count\":1},");
    if (page->mood->envelope == ENVELOPE_PLAIN) {
        write_count(p, page);
        pen_put(p, ",");
    }
    write_data(p, page);
    if (page->mood->envelope == ENVELOPE_RICH) {
        pen_put(p, ",");
        write_count(p, page);
        pen_put(p, ",\"next\":null,\"warnings\":[]");
    }
    pen_put(p, "}");
}

/* A byte in the middle of some word becomes one that no UTF-8 text holds there. */
static void spoil_utf8(struct buf *b, struct rng *rng)
{
    static const char bad[] = {'\xff', '\xc3', '\xe2', '\x80', '\xc0', '\xed'};
    size_t from = (size_t)rng_below(rng, b->len);
    for (size_t i = 0; i < b->len; i++) {
        char *c = b->data + (from + i) % b->len;
        if (*c >= 'a' && *c <= 'z') {
            *c = bad[rng_below(rng, sizeof bad)];
            return;
        }
    }
}

static void spoil_json(struct buf *b, struct rng *rng)
{
    switch (rng_below(rng, 3)) {
    case 0: /* ends too early, though its length is right */
        buf_truncate(b, (size_t)rng_below(rng, b->len));
        break;
    case 1:
        b->data[0] = '<';
        break;
    default:
        b->data[b->len - 1] = ']';
    }
}

enum err_code page_write(const struct page *page, struct rng *rng, struct buf *out)
{
    struct buf compact;
    buf_init(&compact, PAGE_MAX);
    struct pen p = {.out = page->pretty ? &compact : out, .rng = *rng};
    write_envelope(&p, page);
    if (p.rc == OK && page->pretty)
        p.rc = body_pretty(out, compact.data, compact.len, 0);
    buf_free(&compact);
    if (p.rc == OK && page->fault == FAULT_GARBAGE)
        spoil_json(out, &p.rng);
    if (p.rc == OK && page->fault == FAULT_UTF8)
        spoil_utf8(out, &p.rng);
    return p.rc;
}

enum err_code page_error(unsigned status, const char *message, struct buf *out)
{
    struct pen p = {.out = out};
    pen_put(&p, "{\"error\":{\"code\":");
    pen_uint(&p, status);
    pen_put(&p, ",\"message\":\"");
    pen_plain(&p, message);
    pen_put(&p, "\"}}");
    return p.rc;
}

enum err_code page_refusal(unsigned status, enum words_are words, struct buf *out)
{
    static const char why[] = "Filter \"name\" is not allowed for this key";
    enum err_code rc = OK;
    switch (words) {
    case WORDS_NESTED:
        return page_error(status, why, out);
    case WORDS_ERROR:
    case WORDS_MESSAGE:
        rc = buf_addf(out, "{\"%s\":", words == WORDS_ERROR ? "error" : "message");
        if (rc == OK)
            rc = buf_add_json(out, why, strlen(why));
        return rc == OK ? buf_addc(out, '}') : rc;
    case WORDS_LINES:
        return buf_addf(out, "\r\n  %s  \r\nat line 12 of api.php\r\n", why);
    case WORDS_CONTROL:
        return buf_addf(out, "\x1b[31mnot\x01 allowed\xff \xc3\xa9t\xc3\xa9\tand so on");
    case WORDS_LONG:
        for (int i = 0; i < 5000 && rc == OK; i++)
            rc = buf_addf(out, "%s\xc3\xa9", why);
        return rc;
    case WORDS_NONE:
        break;
    }
    return OK;
}

enum err_code page_html(unsigned status, struct buf *out)
{
    return buf_addf(out,
                    "<!DOCTYPE html>\r\n<html><head><title>%u Erreur</title></head>\r\n"
                    "<body><h1>Service momentanément indisponible</h1>"
                    "<p>{\"data\": [] n'est pas une réponse</p></body></html>\r\n",
                    status);
}
