/*
 * What the loader last found in the database, left for the extractor: the netty-* tables, their
 * keys and greatest time_modified. One small file, replaced whole; the last loader's word counts.
 * With loaded.json (loaded.h) the only thing that flows from load to extract.
 */
#ifndef NETTY_SPOOL_CONTROL_CATALOG_H
#define NETTY_SPOOL_CONTROL_CATALOG_H

#include "spool/store/spool.h"

#define CATALOG_FILE "catalog.json"

struct catalog_entry {
    char *table;               /* the API's name */
    char *key;                 /* the key column's name */
    int64_t max_time_modified; /* or WHEN_NONE */
    /* The loader's own, so that it need not look again each time: */
    char *source;     /* which table of which database that is, or NULL */
    int64_t measured; /* when the whole table was last looked at, or WHEN_NONE */
};
struct catalog {
    struct catalog_entry *entries; /* sorted by table */
    size_t count;
    int64_t written;
};

/* ERR_IO with sys ENOENT when there is none yet; ERR_DAMAGED when it is not what was written. */
enum err_code catalog_read(const struct spool *s, struct catalog *c, struct err *e) MUST_CHECK;
/* For who is going to write one: ERR_CONFIG when there is one of a format that this program does not
 * know, and so must not replace. Damage is no reason. */
enum err_code catalog_check(const struct spool *s, struct err *e) MUST_CHECK;
enum err_code catalog_write(const struct spool *s, const struct catalog *c,
                            struct err *e) MUST_CHECK;
void catalog_free(struct catalog *c);
const struct catalog_entry *catalog_find(const struct catalog *c, const char *table);

#endif
