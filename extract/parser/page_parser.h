/*
 * An answer's body, parsed while it arrives (yajl SAX): each element of the outermost `data`
 * becomes one line, copied as slices of the input (every digit, every member as sent), blanks
 * between tokens dropped. Of a member that stands twice in a record the last one counts, as in
 * jsonb.
 *
 *     page_parser_open(&p, &conf, &handler, ctx, e);
 *     page_parser_start(p);                               // before each body; p is reused
 *     page_parser_expect(p, offset);                      // what was asked for
 *     page_parser_feed(p, bytes, n, e); ...               // any chunking
 *     page_parser_finish(p, &result, e);                  // the body has ended: was it a whole page?
 *
 * Memory: a small multiple of the largest record seen (cap: conf.record_max). Calls of the handler
 * happen within page_parser_feed and page_parser_finish and stop them when they fail; after an error nothing
 * more is handed out, and every further call returns the same error.
 *
 * Byte order marks and text before the JSON, and text without brackets behind it, are passed over and counted (noise). `data`
 * may be an object whose names are numbers (a PHP array with holes). PHP's warnings within `data` are passed over likewise
 * (php_warning.h), where nothing else is wrong with what follows.
 * An answer that is null, [] or {}, `data` that is null or {}, "" or false beside a `count` of 0, is an empty page, as is an
 * object without `data` that has `count`; but not where `count` says that there are records at the offset
 * that was asked for, not in an answer with an `error` (or "success":false, "status":"error"), and with noise only where `count`
 * says so.
 *
 * Outcomes of a body that is no page (HTML, cut short, invalid JSON or UTF-8, `data` missing or no
 * array, nesting beyond RECORD_DEPTH, an error object): ERR_PROTOCOL with byte and reason,
 * retryable. But where handler.malformed is there, and the end of an element that is malformed or too large can be
 * told, it is handed to that, at the body's end, and its neighbours as always; only where the same elements were
 * malformed when the page was asked for before (page_parser_expect): what passes by itself is no record's fault. Page or record beyond its cap: ERR_TOO_BIG. An element of `data` that is no object is
 * handed to non_record() and the others stay good.
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

/* An element of `data` that is no JSON, or larger than a record may be, and whose end can be told (page_salvage.h). */
struct page_parser_malformed {
    const char *raw; /* as it came */
    size_t len;
    bool too_large;  /* it is JSON */
    uint64_t number; /* in the page, from 1 */
    const char *why;
};

struct page_parser_handler {
    enum err_code (*record)(void *ctx, const struct page_parser_record *record, struct err *e);
    /* an element that is no object: raw text, its number in the page from 1 */
    enum err_code (*non_record)(void *ctx, const char *raw, size_t n, uint64_t number,
                                struct err *e);
    /* NULL: a malformed element fails the page */
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
    uint64_t malformed_sum; /* of the bytes of all malformed elements; 0: none was found */
    uint64_t bytes;         /* of body */
    int64_t count;          /* the answer's `count`, shown and never used; -1: none */
    uint64_t noise;         /* bytes of text before, behind and amid the JSON */
    /* No page, but an answer that has nothing: no bytes, false, a text, or an object without records whose `count`, where it has one,
     * tells of none from the offset on. */
    bool nothing;
};

struct page_parser;
enum err_code page_parser_open(struct page_parser **p, const struct page_parser_conf *conf,
                               const struct page_parser_handler *handler, void *ctx,
                               struct err *e) MUST_CHECK;
void page_parser_close(struct page_parser *p);
/* From the next body on; borrowed. */
void page_parser_set_key(struct page_parser *p, const char *key);
void page_parser_start(struct page_parser *p);
/* Of the answer to come: from which offset on how many records were asked for (limit 0: not known), and the
 * malformed_sum that the same request had before. Without it: from the first, not known, 0. */
void page_parser_expect(struct page_parser *p, uint64_t offset, unsigned limit, uint64_t sum);
/* One record was asked for, and its bytes are wanted should it be malformed or too large: nothing is taken apart then. */
void page_parser_alone(struct page_parser *p);
/* After page_parser_finish failed: the bytes of that record. False: they did not come. */
bool page_parser_raw(const struct page_parser *p, struct record_raw *out);
enum err_code page_parser_feed(struct page_parser *p, const char *bytes, size_t n,
                               struct err *e) MUST_CHECK;
enum err_code page_parser_finish(struct page_parser *p, struct page_parser_result *result,
                                 struct err *e) MUST_CHECK;
/* Before page_parser_finish: has the JSON come to its close, and nothing in it failed? Then it is no matter what the connection did
 * behind it. But not with text behind it: what was cut may have been brackets, by which it would be no page. */
bool page_parser_is_whole(struct page_parser *p);

#endif
