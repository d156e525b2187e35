/*
 * One record (one JSON object) taken apart at its outermost level, without changing a byte.
 *
 * Validates the whole text (JSON, UTF-8, nesting up to RECORD_DEPTH) and lists the outermost
 * members as slices of it, in their order, duplicates included (the last one counts, as in jsonb:
 * record_find returns it). Most records are taken apart by shared/json/json_record_scan.h, what that is not sure of by yajl.
 * A splitter is reused from record to record and allocates only to grow.
 *
 *     struct json_splitter *s;
 *     json_splitter_open(&s, e);
 *     struct record r;
 *     if ((rc = json_splitter_run(s, line, n, &r, e)) != OK) ...   // r lives until the next run
 */
#ifndef NETTY_SHARED_JSON_JSON_RECORD_H
#define NETTY_SHARED_JSON_JSON_RECORD_H

#include "shared/base/err.h"
#include "shared/json/json_types.h"
#include <stddef.h>
#include <stdint.h>

#define RECORD_DEPTH   512   /* levels of nesting; PostgreSQL's own limit is a few thousand */
#define RECORD_MEMBERS 65536 /* outermost members of one record */

struct record {
    const struct member *members;
    size_t count;
    const char *text; /* from `{` to `}` */
    size_t len;
    uint32_t flags; /* RECORD_* of what stands anywhere in the text */
};
struct json_splitter;
enum err_code json_splitter_open(struct json_splitter **s, struct err *e) MUST_CHECK;
void json_splitter_close(struct json_splitter *s);

/* ERR_DATA with byte (from 0) and reason, never content, when text is not one JSON object (blanks
 * around it are allowed); ERR_TOO_BIG beyond RECORD_DEPTH or RECORD_MEMBERS. */
enum err_code json_splitter_run(struct json_splitter *s, const char *text, size_t n,
                                struct record *r, struct err *e) MUST_CHECK;

/* The same without the quick half: what the tests hold that to. */
enum err_code json_splitter_run_general(struct json_splitter *s, const char *text, size_t n,
                                        struct record *r, struct err *e) MUST_CHECK;

/* The last member of that name, or NULL. */
const struct member *record_find(const struct record *r, const char *name);

#endif
