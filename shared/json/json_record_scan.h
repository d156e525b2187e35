/*
 * The quick half of json_record.h: takes a record apart in one pass, in a fraction of the general parser's time.
 * The answer is "yes" or "not sure". A yes is never given to a text that the general parser would refuse or take
 * apart differently; tests/fuzz/fuzz_record.c compares the two. Not sure is the answer to anything malformed, to
 * deep nesting, half of a surrogate pair and many members. The general parser then decides, and says what is wrong.
 */
#ifndef NETTY_SHARED_JSON_JSON_RECORD_SCAN_H
#define NETTY_SHARED_JSON_JSON_RECORD_SCAN_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/json/json_types.h"

struct record_scan {
    struct member *members; /* the caller's array; a record with more members is "not sure" */
    size_t capacity;        /* of members */
    /* Gets the decoded names of members whose name has escapes, one behind the other; their member's name is NULL. */
    struct buf *names;
    size_t count;   /* set: how many members there are */
    uint32_t flags; /* set: RECORD_* */
    bool spaced;    /* set: there are blanks between its tokens */
};

/* text[0..n) is one object without blanks around it. Returns false for "not sure". */
bool record_scan(struct record_scan *r, const char *text, size_t n) MUST_CHECK;

/* text[0..n) begins with an object; more may follow it. Returns the object's length, or 0 for "not sure": the
 * object may be malformed, or have its end in what has not come yet. */
size_t record_scan_first(struct record_scan *r, const char *text, size_t n) MUST_CHECK;

#endif
