/*
 * The list of the database's netty-* tables, with their keys and greatest time_modified: catalog.json.
 * The loader writes the file, replacing it whole, and the extractor reads it. Where several loaders
 * write, the last one counts.
 */
#ifndef NETTY_SPOOL_CONTROL_CATALOG_H
#define NETTY_SPOOL_CONTROL_CATALOG_H

#include "spool/store/spool.h"

#define CATALOG_FILE "catalog.json"

struct catalog_entry {
    char *table;               /* the API's name */
    char *key;                 /* the key column's name */
    int64_t max_time_modified; /* or WHEN_NONE */
    /* For the loader itself, so that it need not look at the whole table each time: */
    char *source;     /* which table of which database that is, or NULL */
    int64_t measured; /* when the whole table was last looked at, or WHEN_NONE */
};
struct catalog {
    struct catalog_entry *entries; /* sorted by table */
    size_t count;
    int64_t written;
};

/* ERR_IO with e->sys ENOENT when there is no file yet; ERR_DAMAGED when it is damaged. After OK the caller frees c
 * with catalog_free. */
enum err_code catalog_read(const struct spool *s, struct catalog *c, struct err *e) MUST_CHECK;
/* For a program that is going to write the file: fails with ERR_CONFIG when the present one has a format that this version does
 * not know, and so must not replace. Damage is no reason to fail. */
enum err_code catalog_check(const struct spool *s, struct err *e) MUST_CHECK;
enum err_code catalog_write(const struct spool *s, const struct catalog *c,
                            struct err *e) MUST_CHECK;
void catalog_free(struct catalog *c);
const struct catalog_entry *catalog_find(const struct catalog *c, const char *table);

#endif
