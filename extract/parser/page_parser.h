/*
 * Parses the body of an answer while it arrives (yajl's SAX interface). Each element of the outermost `data` becomes one
 * line. Lines are copied from the input, so that every digit and every member is as sent; only blanks between tokens are
 * dropped. If a member stands twice in a record, the last one counts, as in jsonb.
 *
 *     page_parser_open(&p, &conf, &handler, ctx, e);
 *     page_parser_start(p);                               // before each body; p is reused
 *     page_parser_expect(p, offset, limit, sum);          // what was asked for
 *     page_parser_feed(p, bytes, n, e); ...               // any chunking
 *     page_parser_finish(p, &result, e);                  // the body has ended: was it a whole page?
 *
 * Memory: a small multiple of the largest record seen (cap: conf.record_max). The handler is called within page_parser_feed and
 * page_parser_finish; if it fails, these fail. After an error nothing more is handed out, and every further call returns the
 * same error.
 *
 * What is passed over: byte order marks and text before the JSON, and text without brackets behind it; these bytes are counted
 * (result.noise). PHP's warnings within `data` are passed over, too (php_warning.h), if nothing else is wrong with what follows.
 * `data` may be an object whose names are numbers (a PHP array with holes).
 *
 * What counts as an empty page: an answer that is null, [] or {}; `data` that is null or {}, or that is "" or false beside a
 * `count` of 0; an object with `count` and without `data`. But not if `count` says that there are records at the requested
 * offset, or if the answer has an `error` (or "success":false, "status":"error"); and with noise only if `count` confirms it.
 *
 * What is no page (HTML, a body cut short, invalid JSON or UTF-8, `data` missing or no array, nesting beyond RECORD_DEPTH, an
 * error object) fails with ERR_PROTOCOL, with byte and reason; the request may be repeated. A page or record beyond its cap
 * fails with ERR_TOO_BIG. An element of `data` that is no object goes to handler.non_record, and the others stay good.
 *
 * With handler.malformed, an element that is malformed or too large does not fail the page if its end can be told: at the end
 * of the body it is handed to that function, and its neighbours to record() as always. This is done only if the same elements
 * were malformed in the last answer to the same request (page_parser_expect): a fault that passes by itself is not the record's.
 * A page that is shorter than requested, and has no `count`, fails for want of its number of elements: result.elements is what it
 * seems to be. The caller finds out whether the last of them has the place that this number gives it (result.last_sum).
 */
#ifndef NETTY_EXTRACT_PARSER_PAGE_PARSER_H
#define NETTY_EXTRACT_PARSER_PAGE_PARSER_H

#include "extract/parser/record_bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct page_parser_record {
    const char *line; /* compact JSON, one line, without line end */
    size_t len;
    const char
        *key; /* the key member's number as sent, or its string's text; NULL when it has none */
    size_t key_len;
    const char *time; /* outermost time_modified's text; NULL when missing or no string */
    size_t time_len;
};
/* A longer key or time counts as none. */
#define PAGE_PARSER_KEY_MAX  64
#define PAGE_PARSER_TIME_MAX 40

/* An element of `data` that is malformed or larger than a record may be, and whose end can be told (page_salvage.h). */
struct page_parser_malformed {
    const char *raw; /* as it came */
    size_t len;
    bool too_large;  /* it is well-formed, and too large; else malformed */
    uint64_t number; /* in the page, from 1 */
    const char *why;
};

struct page_parser_handler {
    enum err_code (*record)(void *ctx, const struct page_parser_record *record, struct err *e);
    /* Takes an element that is no object: its text, and its number in the page, from 1. */
    enum err_code (*non_record)(void *ctx, const char *raw, size_t n, uint64_t number,
                                struct err *e);
    /* Takes a malformed element. NULL: such an element fails the page. */
    enum err_code (*malformed)(void *ctx, const struct page_parser_malformed *m, struct err *e);
};

struct page_parser_conf {
    const char *key;   /* the key's name (shared/base/table_names.h); borrowed */
    size_t record_max; /* bytes of one record */
    uint64_t page_max; /* bytes of one body, decompressed */
};

struct page_parser_result {
    uint64_t records; /* objects handed out */
    uint64_t non_records;
    uint64_t malformed;
    uint64_t malformed_sum; /* a checksum of all malformed elements; 0: there are none */
    uint64_t bytes;         /* of body */
    int64_t count;          /* the answer's `count`; -1: none */
    uint64_t noise;         /* bytes of text before, behind and amid the JSON */
    /* The answer is no page, but it is an answer without records: no bytes, false, a text, or an object without records whose
     * `count`, if it has one, says that there are none from the requested offset on. */
    bool nothing;
    /* The page has failed, but only for want of its number of elements: so many it seems to have, malformed ones included; 0: no such page. */
    uint64_t elements;
    uint64_t
        last_sum; /* a checksum of the last one's bytes; of the one of page_parser_alone, good or not; 0: none */
};

struct page_parser;
enum err_code page_parser_open(struct page_parser **p, const struct page_parser_conf *conf,
                               const struct page_parser_handler *handler, void *ctx,
                               struct err *e) MUST_CHECK;
void page_parser_close(struct page_parser *p);
/* Sets the key's name for the next bodies. key is borrowed. */
void page_parser_set_key(struct page_parser *p, const char *key);
void page_parser_start(struct page_parser *p);
/* Tells what the next answer answers: how many records (limit; 0: not known) were requested from which offset, and the
 * malformed_sum of the last answer to the same request. Without this call: offset 0, limit not known, sum 0. */
void page_parser_expect(struct page_parser *p, uint64_t offset, unsigned limit, uint64_t sum);
/* Tells that the answer has so many elements, malformed ones included, if the last one is that of last_sum: as was found out otherwise. */
void page_parser_expect_elements(struct page_parser *p, uint64_t elements, uint64_t last_sum);
/* Tells that the next answer is to hold one record, whose bytes are kept in case it is malformed or too large
 * (page_parser_raw). Such an element is then not handed out. */
void page_parser_alone(struct page_parser *p);
/* Returns the bytes of that record, after page_parser_finish has failed. False: they did not come. */
bool page_parser_raw(const struct page_parser *p, struct record_raw *out);
enum err_code page_parser_feed(struct page_parser *p, const char *bytes, size_t n,
                               struct err *e) MUST_CHECK;
enum err_code page_parser_finish(struct page_parser *p, struct page_parser_result *result,
                                 struct err *e) MUST_CHECK;
/* To be asked before page_parser_finish: returns true if the JSON has come to its end without a fault, so that the page is good
 * even if the connection then broke. False if text follows the JSON: the part that was cut off may have held brackets, with which
 * the answer would be no page. */
bool page_parser_is_whole(struct page_parser *p);

#endif
