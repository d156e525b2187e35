/*
 * The fast way over a record that lies whole in memory: is it JSON, where does it end, which key
 * and time has it? Several times as fast as yajl, for nothing is copied and no token is handed out.
 *
 * It takes a part of what yajl takes, never more: what it is not sure of (errors of every kind, a
 * key or time with escapes in it, deep nesting) is ELEMENT_SCAN_OTHER, and yajl judges. UTF-8 is not looked
 * at; text_check (json_text.h) has done that.
 */
#ifndef NETTY_EXTRACT_PARSER_ELEMENT_SCAN_H
#define NETTY_EXTRACT_PARSER_ELEMENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define ELEMENT_SCAN_DEPTH 60 /* deeper records are yajl's */

enum element_scan_result {
    ELEMENT_SCAN_RECORD, /* s begins with one whole object */
    ELEMENT_SCAN_SHORT,  /* good as far as it goes, but its end is not there */
    ELEMENT_SCAN_OTHER
};

struct scanned {
    size_t len;  /* of the object */
    bool spaced; /* it has blanks between its tokens */
    const char
        *key; /* outermost member of the key's name: its number, or its string's text; or NULL
                       * for none of the two. Of several the last one counts. */
    size_t key_len;
    const char *time; /* outermost time_modified: its string's text, or NULL */
    size_t time_len;
};

/* s[0] is '{'. r is filled for ELEMENT_SCAN_RECORD only; its slices are of s. */
enum element_scan_result element_scan_record(const char *key, size_t key_len, const char *s,
                                             size_t n, struct scanned *r);

#endif
