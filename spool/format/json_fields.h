/*
 * Reads the members of one JSON object into C variables, and writes such members. Every file of the spool is read with this.
 *
 *     struct field fields[] = {
 *         {.name = "page", .type = FIELD_COUNT, .to = &page},
 *         {.name = "low", .type = FIELD_TEXT, .to = low, .room = sizeof low, .optional = true},
 *     };
 *     if ((rc = fields_read(text, n, fields, FIELDS(fields), e)) != OK) ...
 *
 * Members that are not asked for are skipped, so that a later writer may add some. A member that is
 * asked for is ERR_DAMAGED when it is missing, has another type, or exceeds its room; so is a text that
 * is not one object. Of a name that stands twice the last one counts. After a failure the variables
 * may hold anything.
 */
#ifndef NETTY_SPOOL_FORMAT_JSON_FIELDS_H
#define NETTY_SPOOL_FORMAT_JSON_FIELDS_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *p;
    size_t n;
};

enum field_type {
    FIELD_COUNT, /* uint64_t; 0 ... INT64_MAX, so that it fits a file offset */
    FIELD_TIME,  /* int64_t; null or absent: WHEN_NONE */
    FIELD_HASH,  /* uint64_t, written as 16 lower-case hexadecimal digits */
    FIELD_TEXT,  /* char[room], terminated; null or absent: "". No NUL within */
    FIELD_BUF,   /* struct buf: the decoded string, whatever it holds */
    FIELD_RAW, /* struct slice of the text: an object or array as it stands; null or absent: {NULL,
                  0} */
};

struct field {
    const char *name;
    void *to;
    size_t room;
    enum field_type type;
    bool optional; /* may be absent or null */
    bool seen;
};

#define FIELDS(a) (sizeof(a) / sizeof((a)[0]))

enum err_code fields_read(const char *text, size_t n, struct field *fields, size_t count,
                          struct err *e) MUST_CHECK;

/* Reads the first line of a file. fields[0], a FIELD_COUNT, is the line's first member: the number of the file's format. Any
 * number but `format` is ERR_CONFIG, even where other members are missing: a later format may not have them. */
enum err_code fields_read_head(const char *text, size_t n, struct field *fields, size_t count,
                               uint64_t format, struct err *e) MUST_CHECK;

/* Append the member to an object that has one already: ,"name":"text". A time of WHEN_NONE is null. */
enum err_code fields_add_text(struct buf *b, const char *name, const char *text) MUST_CHECK;
enum err_code fields_add_time(struct buf *b, const char *name, int64_t t) MUST_CHECK;

#endif
