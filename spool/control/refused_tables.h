/*
 * Tables that the API does not give: <spool>/refused.json lists tables that are forbidden to the key (401,
 * 403) or that the API does not have (404), with the status and when they were last asked for. Such a table
 * needs no folder in the spool. It is asked for again at most once in REFUSED_PAUSE.
 *
 *     refused_read(spool, &r, e);            // no file, or a damaged one: no table is refused
 *     refused_find(&r, "contacts")           // NULL: the table is not refused
 *     refused_free(&r);
 *     refused_set(spool, &entry, e);         // durable on return; other processes may write too
 *     refused_clear(spool, "contacts", e);   // the API has answered
 *
 * The file does not repeat what the API said.
 */
#ifndef NETTY_SPOOL_CONTROL_REFUSED_TABLES_H
#define NETTY_SPOOL_CONTROL_REFUSED_TABLES_H

#include "shared/base/table_names.h"
#include "spool/store/spool.h"

#define REFUSED_FILE  "refused.json"
#define REFUSED_PAUSE (INT64_C(3600) * 1000000) /* microseconds */
#define REFUSED_MAX   1000u                     /* tables that are remembered */
#define REFUSED_404   404

struct refused_table {
    char table[NAMES_TABLE_MAX + 1];
    uint64_t status; /* 401, 403 or 404 */
    uint64_t key;    /* fingerprint of the API key that was refused; 0 for a 404, for all keys */
    int64_t since;   /* when the table was first refused */
    int64_t asked;   /* when it was last refused */
};

struct refused_tables {
    struct refused_table *at;
    size_t count;
};

enum err_code refused_read(const struct spool *s, struct refused_tables *r,
                           struct err *e) MUST_CHECK;
void refused_free(struct refused_tables *r);
const struct refused_table *refused_find(const struct refused_tables *r, const char *table);

/* Adds or replaces the table's entry. If the table is refused already with the same status and key, `since` stays. */
enum err_code refused_set(const struct spool *s, const struct refused_table *entry,
                          struct err *e) MUST_CHECK;
/* Removes the table's entry. Writes nothing where there is none. */
enum err_code refused_clear(const struct spool *s, const char *table, struct err *e) MUST_CHECK;

#endif
