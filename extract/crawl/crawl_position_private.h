/* The fields of a crawl that its position holds. crawl_position.c writes them; crawl_position_read.c, which crawl_begin.c calls, reads them. */
#ifndef NETTY_EXTRACT_CRAWL_CRAWL_POSITION_PRIVATE_H
#define NETTY_EXTRACT_CRAWL_CRAWL_POSITION_PRIVATE_H

#include "extract/crawl/crawl_private.h"

#define CRAWL_POSITION_VERSION 2
/* Is added to the kind of a version that is in doubt (struct crawl_entry, tied). */
#define EDGE_TIED 4

enum field_type {
    FIELD_TIME,
    FIELD_COUNT,
    FIELD_SIZE,
    FIELD_NUMBER, /* an unsigned that may be 0 */
    FIELD_FLAG
};
struct field {
    const char *name;
    enum field_type type;
    size_t at;
    bool later; /* version 1 had none */
};

extern const struct field crawl_fields[];
extern const size_t crawl_fields_count;
/* The fields of a list by key; in the position while one is read. */
extern const struct field crawl_key_fields[];
extern const size_t crawl_key_fields_count;
/* The fields of passes over records of one time. */
extern const struct field crawl_pass_fields[];
extern const size_t crawl_pass_fields_count;
extern const char *const crawl_phases[];
#define CRAWL_PHASES 5

enum err_code crawl_position_read(struct crawl *c, const char *json, struct err *e) MUST_CHECK;

#endif
