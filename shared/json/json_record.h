/*
 * Takes one record (one JSON object) apart at its outermost level, without changing a byte.
 *
 * Validates the whole text (JSON, UTF-8, nesting up to RECORD_DEPTH) and lists the outermost members as slices of the text,
 * in their order. A name that stands twice is listed twice; as in jsonb the last one counts, and record_find returns that.
 * Most records are taken apart by json_record_scan.h; yajl does those of which the scan is not sure.
 * A splitter is reused from record to record, and allocates memory only to grow.
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
    uint32_t flags; /* RECORD_* flags that apply anywhere in the text */
};
struct json_splitter;
enum err_code json_splitter_open(struct json_splitter **s, struct err *e) MUST_CHECK;
void json_splitter_close(struct json_splitter *s);

/* Fills r, which points into text and into s. Fails with ERR_DATA when text is not one JSON object (blanks around it are
 * allowed); the message has the byte (from 0) and the reason, never content. ERR_TOO_BIG beyond RECORD_DEPTH or
 * RECORD_MEMBERS. */
enum err_code json_splitter_run(struct json_splitter *s, const char *text, size_t n,
                                struct record *r, struct err *e) MUST_CHECK;

/* The same by yajl alone. Only tests call this, to compare the two ways. */
enum err_code json_splitter_run_general(struct json_splitter *s, const char *text, size_t n,
                                        struct record *r, struct err *e) MUST_CHECK;

/* Returns the last member of that name, or NULL. */
const struct member *record_find(const struct record *r, const char *name);

#endif
