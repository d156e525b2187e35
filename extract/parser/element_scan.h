/*
 * The fast way over a record that lies in memory as a whole: whether it is JSON, where it ends, its key and its time. This is
 * several times as fast as yajl, since nothing is copied and no token is handed out.
 *
 * The scan accepts a part of what yajl accepts, and never more. Where it is not sure (errors of every kind, escapes in a key
 * or time, deep nesting) the result is ELEMENT_SCAN_OTHER, and yajl decides. UTF-8 is not checked here; json_text_check
 * (json_text.h) has done so.
 */
#ifndef NETTY_EXTRACT_PARSER_ELEMENT_SCAN_H
#define NETTY_EXTRACT_PARSER_ELEMENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define ELEMENT_SCAN_DEPTH 60 /* deeper records are yajl's */

enum element_scan_result {
    ELEMENT_SCAN_RECORD, /* s begins with one whole object */
    ELEMENT_SCAN_SHORT,  /* good so far, but the object's end has not come yet */
    ELEMENT_SCAN_OTHER   /* not sure: yajl has to decide */
};

struct scanned {
    size_t len;  /* of the object */
    bool spaced; /* it has blanks between its tokens */
    const char
        *key; /* the outermost member of the key's name: its number, or its string's text; NULL:
                       * neither. Of several such members the last one counts. */
    size_t key_len;
    const char *time; /* outermost time_modified: its string's text, or NULL */
    size_t time_len;
};

/* s[0] must be '{'. r is filled for ELEMENT_SCAN_RECORD only, and points into s. */
enum element_scan_result element_scan_record(const char *key, size_t key_len, const char *s,
                                             size_t n, struct scanned *r);

#endif
