/*
 * The loader's answer to an inventory (inventory.h): the records of each database that are not in it, in
 * <table>/missing.json (FORMAT.md, 16). The extractor then looks these records up one by one. Only the loader
 * can know which records may be gone. The file is replaced whole, under the folder's lock.
 *
 * A record is named by key and time_modified: once the record is modified, the entry no longer means it.
 */
#ifndef NETTY_SPOOL_INVENTORY_MISSING_RECORDS_H
#define NETTY_SPOOL_INVENTORY_MISSING_RECORDS_H

#include "spool/control/loaded.h"
#include "spool/inventory/inventory.h"

#define MISSING_FILE "missing.json"
#define MISSING_MAX  100000 /* records of one database; further ones wait for the next roll */

struct missing_row {
    int64_t key;
    int64_t time;  /* time_modified, or WHEN_NONE */
    int64_t since; /* when it was first found missing; WHEN_NONE: its absence proves nothing */
};

struct missing_entry {
    char id[LOADED_ID_MAX];  /* the database's identity (loaded.h) */
    int64_t inventory_began; /* `began` of the roll that this answers */
    uint64_t window;         /* how many of the roll's windows were judged */
    bool ended;              /* the last of them was the roll's end */
    uint64_t lookups;        /* how many of the roll's lookups were acted on */
    uint64_t deleted;        /* records marked as deleted because of this roll */
    uint64_t held;           /* records that are not marked because of --max-deletes */
    int64_t at;
    struct missing_row *rows; /* sorted by key */
    size_t count;
};
struct missing {
    struct missing_entry *entries;
    size_t count;
};

/* Without a file, and with a damaged one (which is logged): OK, with no entries. The loader then judges anew. The caller frees m
 * with missing_free. */
enum err_code missing_read(const struct spool *s, const char *table, struct missing *m,
                           struct err *e) MUST_CHECK;
/* Fails with ERR_DAMAGED when the file in the table's folder is damaged. */
enum err_code missing_check(const char *dir, const char *table, struct err *e) MUST_CHECK;
void missing_free(struct missing *m);
const struct missing_entry *missing_find(const struct missing *m, const char *id);

/* Replaces the database's entry in the file. */
enum err_code missing_store(const struct spool *s, const char *table,
                            const struct missing_entry *entry, struct err *e) MUST_CHECK;

#endif
