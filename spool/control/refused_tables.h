/*
 * Tables that the API does not give us: <spool>/refused.json. A table is there that is forbidden to the
 * key (401, 403), or that the API does not have (404), with the status and when it was last asked for. Such a
 * table needs no folder in the spool; it is asked for again at most once in REFUSED_PAUSE.
 *
 *     refused_read(spool, &r, e);            // no file, or a damaged one: no table is refused
 *     refused_find(&r, "contacts")           // NULL: it is not
 *     refused_free(&r);
 *     refused_set(spool, &entry, e);         // durable on return; others may write too
 *     refused_clear(spool, "contacts", e);   // it was answered
 *
 * The words that the API said stay out of it: they are foreign.
 */
#ifndef NETTY_SPOOL_CONTROL_REFUSED_TABLES_H
#define NETTY_SPOOL_CONTROL_REFUSED_TABLES_H

#include "shared/base/table_names.h"
#include "spool/store/spool.h"

#define REFUSED_FILE  "refused.json"
#define REFUSED_PAUSE (INT64_C(3600) * 1000000)
#define REFUSED_MAX   1000u /* tables that are remembered */
#define REFUSED_404   404

struct refused_table {
    char table[NAMES_TABLE_MAX + 1];
    uint64_t status; /* 401, 403 or 404 */
    uint64_t key; /* fingerprint of the API key that was refused; 0 for a 404, which is any key's */
    int64_t since; /* when it was first refused, */
    int64_t asked; /* and last */
};

struct refused_tables {
    struct refused_table *at;
    size_t count;
};

enum err_code refused_read(const struct spool *s, struct refused_tables *r,
                           struct err *e) MUST_CHECK;
void refused_free(struct refused_tables *r);
const struct refused_table *refused_find(const struct refused_tables *r, const char *table);

/* Of a table that is refused already, `since` stays where status and key are the same. */
enum err_code refused_set(const struct spool *s, const struct refused_table *entry,
                          struct err *e) MUST_CHECK;
/* Writes only where the table is there. */
enum err_code refused_clear(const struct spool *s, const char *table, struct err *e) MUST_CHECK;

#endif
