/*
 * The fast way over a record that lies whole in memory: is it JSON, where does it end, which key
 * and time has it? Several times as fast as yajl, for nothing is copied and no token is handed out
 * (shared/json/json_record_scan.h does the reading).
 *
 * It takes a part of what yajl takes, never more: where it is not sure (the record's end has not come, an error
 * of any kind, a key or time with escapes in it, deep nesting, very many members) it says no, and yajl judges.
 */
#ifndef NETTY_EXTRACT_PARSER_ELEMENT_SCAN_H
#define NETTY_EXTRACT_PARSER_ELEMENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

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

/* s[0..n) begins with a whole record: r is filled, with slices of s. */
bool element_scan_record(const char *key, size_t key_len, const char *s, size_t n,
                         struct scanned *r);

#endif
