/* What the position holds of a crawl, for crawl_position.c and crawl_position_read.c; crawl_begin.c reads one. */
#ifndef NETTY_EXTRACT_CRAWL_CRAWL_POSITION_PRIVATE_H
#define NETTY_EXTRACT_CRAWL_CRAWL_POSITION_PRIVATE_H

#include "extract/crawl/crawl_private.h"

#define CRAWL_POSITION_VERSION 2
/* Added to the kind of a version that is in doubt. */
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
/* Of a list by key; in the position while one is read. */
extern const struct field crawl_key_fields[];
extern const size_t crawl_key_fields_count;
/* Of passes over records of one time. */
extern const struct field crawl_pass_fields[];
extern const size_t crawl_pass_fields_count;
extern const char *const crawl_phases[];
#define CRAWL_PHASES 5

enum err_code crawl_position_read(struct crawl *c, const char *json, struct err *e) MUST_CHECK;

#endif
