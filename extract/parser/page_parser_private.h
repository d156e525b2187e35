/*
 * What extract/parser/page_parser.c (chunks in) and extract/parser/page_parser_events.c (yajl's events) share, and nobody
 * else sees.
 */
#ifndef NETTY_EXTRACT_PARSER_PAGE_PARSER_PRIVATE_H
#define NETTY_EXTRACT_PARSER_PAGE_PARSER_PRIVATE_H

#include "extract/parser/element_scan.h"
#include "extract/parser/json_text.h"
#include "extract/parser/page_parser.h"
#include "extract/parser/record_bytes.h"
#include "shared/base/buf.h"
#include <yajl/yajl_parse.h>

/* Depths: the answer's object is 1, `data` 2, an element of it 3. */
#define DEPTH_ANSWER  1u
#define DEPTH_DATA    2u
#define DEPTH_ELEMENT 3u

#define BOM_BYTES 3 /* of a byte order mark in UTF-8 */

enum where {
    IN_ANSWER,
    IN_DATA,
    IN_RECORD,
    IN_NON_RECORD
};
enum meaning {
    MEMBER_OTHER,
    MEMBER_DATA,
    MEMBER_ERROR,
    MEMBER_COUNT,
    MEMBER_KEY,
    MEMBER_TIME
};
enum scalar {
    SCALAR_NULL,
    SCALAR_FALSE,
    SCALAR_TRUE,
    SCALAR_NUMBER,
    SCALAR_STRING
};

struct page_parser {
    struct page_parser_conf conf;
    size_t key_len; /* of conf.key */
    struct page_parser_handler handler;
    void *ctx;

    yajl_handle yajl;
    struct json_text_check text;
    struct buf gathered; /* bytes not given to yajl yet */
    size_t enough;       /* so many of them are worth reading */
    struct buf partial;  /* the element at hand, as far as earlier chunks brought it */
    const char *chunk;   /* what yajl is reading */
    uint64_t base;       /* bytes of body before the chunk */
    uint64_t received;   /* bytes of body, the gathered ones too */
    size_t from;         /* in the chunk: where the element at hand, or what will be one, begins */
    size_t last;         /* in the chunk: end of the last token */
    uint64_t last_token; /* in the body: the same */

    enum where where;
    enum meaning meaning; /* the name just read, where it matters */
    unsigned depth;
    bool begun;    /* something other than blanks has come */
    bool complete; /* the answer's object has ended */
    bool data_seen;
    bool emptied;    /* data is null or {}: PHP's spellings of [] */
    bool error_seen; /* the answer has an error that is one */
    size_t bom;      /* bytes of a BOM that have come; BOM_BYTES: none can come any more */
    uint64_t offset; /* that was asked for */
    bool spaced;     /* the record at hand has blanks between its tokens */
    const struct scanned *scanned; /* yajl is given {} for this record, */
    const char *scanned_text;      /* which stands here */
    char key[PAGE_PARSER_KEY_MAX];
    size_t record_key_len; /* 0: none */
    char time[PAGE_PARSER_TIME_MAX];
    size_t time_len; /* 0: none */
    struct page_parser_result result;

    struct buf body; /* as received, for page_parser_salvage.c; body_from: of its first byte */
    uint64_t body_from;
    bool body_lost; /* it is too large to be kept */
    uint64_t
        element_at; /* in the body: where the element begins that is malformed; or PAGE_PARSER_NOWHERE */
    bool collecting; /* the rest of the body, after cause */
    bool replaying;
    struct err cause;
    unsigned limit; /* elements asked for; 0: not known */
    bool alone;     /* one is, and its bytes are kept: */
    struct record_bytes *bytes;
    uint64_t known_sum;

    enum err_code failed;
    struct err err;
};

#define PAGE_PARSER_NOWHERE UINT64_MAX
/* Larger pages are not kept, so that a malformed element in one has it asked for smaller. */
#define PAGE_PARSER_BODY_MAX ((size_t)1 << 20)

/* Every event's function; the context is the parser. */
extern const yajl_callbacks page_parser_callbacks;

/* Fails the body, unless it has failed already; returns how. */
enum err_code page_parser_fail(struct page_parser *p, enum err_code code, const char *reason,
                               uint64_t at);
/* page_parser.c: for page_parser_salvage.c */
void page_parser_restart(struct page_parser *p); /* as before a body; what was counted stays */
void page_parser_read(struct page_parser *p, const char *s, size_t n);

/* page_parser_salvage.c */
void page_parser_keep_body(struct page_parser *p, const char *bytes, size_t n);
void page_parser_note_element(struct page_parser *p);
/* After a failure: true: the rest of the body is collected, and salvaged at its end. */
bool page_parser_collect(struct page_parser *p);
void page_parser_salvage(struct page_parser *p);

/* What stands between two elements, up to `end` in the chunk, is no part of the next one. */
void page_parser_skip_separators(struct page_parser *p, size_t end);

#endif
