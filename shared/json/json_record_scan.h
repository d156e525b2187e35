/*
 * The quick half of shared/json/json_record.h: takes a record apart in one pass of its own, a small part of what
 * the general parser needs. It only says "yes" or "not sure", and never yes to anything that the general
 * parser would refuse or take apart otherwise (tests/fuzz/fuzz_record.c holds it to that); what it is not
 * sure of (anything malformed, deep nesting, half of a surrogate pair, many members) goes to that one,
 * which also has the words for what is wrong.
 */
#ifndef NETTY_SHARED_JSON_JSON_RECORD_SCAN_H
#define NETTY_SHARED_JSON_JSON_RECORD_SCAN_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/json/json_types.h"

struct record_scan {
    struct member *members; /* the caller's, of this capacity; more members are "not sure" */
    size_t capacity;
    struct buf *names; /* decoded names one behind the other; their member's name is NULL */
    size_t count;      /* filled */
    uint32_t flags;    /* filled */
};

/* text[0..n): one object without blanks around it. */
bool record_scan(struct record_scan *r, const char *text, size_t n) MUST_CHECK;

#endif
