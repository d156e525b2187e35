/*
 * The loader's answer to a roll (inventory.h): the records of each database that the roll lacks, left for
 * the extractor to take a second look at (<table>/missing.json; FORMAT.md, 16). The database knows
 * what could be gone, the extractor does not. Replaced whole under the folder's lock.
 *
 * A record is named by key and time_modified: once it is modified it is not meant any longer.
 */
#ifndef NETTY_SPOOL_INVENTORY_MISSING_RECORDS_H
#define NETTY_SPOOL_INVENTORY_MISSING_RECORDS_H

#include "spool/control/loaded.h"
#include "spool/inventory/inventory.h"

#define MISSING_FILE "missing.json"
#define MISSING_MAX  100000 /* records of one database; what is beyond waits for the next roll */

struct missing_row {
    int64_t key;
    int64_t time;  /* time_modified, or WHEN_NONE */
    int64_t since; /* when it was first found missing; WHEN_NONE: that proves nothing */
};

struct missing_entry {
    char id[LOADED_ID_MAX];  /* the database's identity (loaded.h) */
    int64_t inventory_began; /* began of the roll that this is about */
    uint64_t window;         /* its windows judged */
    bool ended;              /* the last of them was the end */
    uint64_t lookups;        /* its lookups acted on */
    uint64_t deleted;        /* in this roll */
    uint64_t held;           /* records that --max-deletes holds back */
    int64_t at;
    struct missing_row *rows; /* sorted by key */
    size_t count;
};
struct missing {
    struct missing_entry *entries;
    size_t count;
};

/* No file: OK, with no entries. A damaged one too, which is logged: the loader judges anew. */
enum err_code missing_read(const struct spool *s, const char *table, struct missing *m,
                           struct err *e) MUST_CHECK;
/* Is the list in a table's folder as it was written? ERR_DAMAGED: no. */
enum err_code missing_check(const char *dir, const char *table, struct err *e) MUST_CHECK;
void missing_free(struct missing *m);
const struct missing_entry *missing_find(const struct missing *m, const char *id);

/* Puts this database's word in place of its last one; the rows are only read. */
enum err_code missing_store(const struct spool *s, const char *table,
                            const struct missing_entry *entry, struct err *e) MUST_CHECK;

#endif
