/*
 * What the database holds, left in the spool for the extractor (spool/control/catalog.h): tables, keys,
 * greatest time_modified.
 *
 * To find the greatest is to read the whole table, unless time_modified has an index; so what this run has put in does where
 * the table was empty before, and what the last catalog says of the same table, together with that, for a day. What
 * others put in meanwhile may be greater: then an extractor starts earlier than it need, and misses
 * nothing.
 *
 * For a run of the loader this is no reason to fail: what cannot be had or written is logged (a
 * read-only spool at debug) as well as told.
 */
#ifndef NETTY_LOAD_PUBLISH_CATALOG_PUBLISH_H
#define NETTY_LOAD_PUBLISH_CATALOG_PUBLISH_H

#include "load/database/db.h"
#include "load/target/tables_look.h"
#include "spool/store/spool.h"

struct catalog_publish;
/* The greatest time_modified that this run has put into the table, or WHEN_NONE. *whole: there was nothing in it before. */
typedef int64_t catalog_publish_greatest_fn(void *ctx, const char *table, bool *whole);
typedef void catalog_publish_done_fn(void *ctx,
                                     const struct err *err); /* NULL: the catalog is written */

/* db is connected; schema as of target_table_list, borrowed. done is called once, from the loop; catalog_publish_free belongs into it or after it. */
enum err_code catalog_publish_open(struct catalog_publish **l, struct db *db, const struct spool *s,
                                   const char *schema, struct err *e) MUST_CHECK;
/* The list, and the greatest where an index tells them, are the look's, as long as that counts; before catalog_publish_run. Borrowed. */
void catalog_publish_use(struct catalog_publish *l, const struct tables_look *look);
/* greatest may be NULL: nothing has been put in. ctx is given to both. */
void catalog_publish_run(struct catalog_publish *l, catalog_publish_greatest_fn *greatest,
                         catalog_publish_done_fn *done, void *ctx);
void catalog_publish_free(struct catalog_publish *l);

#endif
