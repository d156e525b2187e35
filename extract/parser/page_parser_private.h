/*
 * The inside of the page parser, shared by these files only:
 *   page_parser.c          takes chunks of the body, and gives yajl what is worth reading
 *   page_parser_events.c   what yajl's events mean
 *   page_parser_edges.c    text before and behind the JSON
 *   page_parser_salvage.c  a page with a malformed element
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
    MEMBER_SUCCESS, /* false tells of an error */
    MEMBER_STATUS,
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
    struct buf lead;     /* what has come while it was not clear where the JSON begins */
    struct buf gathered; /* bytes not given to yajl yet */
    size_t enough;       /* so many gathered bytes are worth reading */
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
    bool begun;    /* the JSON has begun */
    bool complete; /* the answer's object has ended */
    bool named;    /* the answer's object has a member */
    bool bare;     /* the answer is an array */
    bool data_seen;
    bool emptied;    /* data, or the answer, is null or {}: PHP's spellings of [] */
    bool hollow;     /* data is "" or false */
    bool numbered;   /* data is an object with numbers for names: a PHP array with holes */
    uint64_t behind; /* bytes of text behind the answer */
    bool error_seen; /* the answer tells of an error */
    uint64_t offset; /* the requested one */
    bool spaced;     /* the record at hand has blanks between its tokens */
    const struct scanned *scanned; /* a record in whose place yajl is given {} */
    const char *scanned_text;      /* that record's text */
    char key[PAGE_PARSER_KEY_MAX];
    size_t record_key_len; /* 0: none */
    char time[PAGE_PARSER_TIME_MAX];
    size_t time_len; /* 0: none */
    struct page_parser_result result;

    struct buf body;    /* as received, for page_parser_salvage.c */
    uint64_t body_from; /* where in the whole body that begins */
    bool body_lost;     /* the body is too large to be kept */
    uint64_t
        element_at;  /* where in the body the malformed element begins; or PAGE_PARSER_NOWHERE */
    bool collecting; /* parsing has failed with `cause`, and the rest of the body is kept */
    bool replaying;  /* the kept body is read again, and its good elements are handed out */
    struct err cause;
    unsigned limit; /* elements asked for; 0: not known */
    bool alone;     /* one element is asked for, and its bytes are kept: */
    struct record_bytes *bytes;
    uint64_t known_sum;
    uint64_t known_elements, known_last; /* 0: not known; the checksum of the last one */

    enum err_code failed;
    struct err err;
};

#define PAGE_PARSER_NOWHERE UINT64_MAX
/* Larger bodies are not kept: a malformed element in one fails the page, which is then requested smaller. */
#define PAGE_PARSER_BODY_MAX ((size_t)1 << 20)

/* The functions for yajl's events; their context is the parser. */
extern const yajl_callbacks page_parser_callbacks;

/* Fails the body, unless it has failed already; returns the error. */
enum err_code page_parser_fail(struct page_parser *p, enum err_code code, const char *reason,
                               uint64_t at);
/* page_parser.c: for page_parser_salvage.c */
void page_parser_restart(struct page_parser *p); /* begins anew; the counts stay */
void page_parser_read(struct page_parser *p, const char *s, size_t n);

/* page_parser_edges.c */
void page_parser_open_edges(struct page_parser *p);
/* Looks for the beginning of the JSON; to be called while p->begun is false. Returns how many bytes of the chunk were used. Once
 * p->begun is true, the JSON goes on behind these; if p->lead holds something, the JSON begins there, at *from. */
size_t page_parser_begin(struct page_parser *p, const char *bytes, size_t n, size_t *from);
/* Judges an answer that has ended without any JSON. */
void page_parser_judge_lead(struct page_parser *p);
/* Takes text behind the answer, from byte `at` of the body on. */
void page_parser_behind(struct page_parser *p, const char *s, size_t n, uint64_t at);

/* page_parser_salvage.c */
void page_parser_keep_body(struct page_parser *p, const char *bytes, size_t n);
void page_parser_note_element(struct page_parser *p);
/* To be called after a failure. Returns true if the rest of the body is to be collected, and salvaged at its end. */
bool page_parser_collect(struct page_parser *p);
void page_parser_salvage(struct page_parser *p);
/* At the body's end: the checksum of the one record of an answer to a request for one. */
void page_parser_sum_alone(struct page_parser *p);

/* Passes over what stands between two elements, up to `end` in the chunk. */
void page_parser_skip_separators(struct page_parser *p, size_t end);

#endif
