/*
 * Writes into the spool, for the extractor, what the database holds (spool/control/catalog.h): tables, keys, and the greatest
 * time_modified of each table.
 *
 * Without an index of time_modified, the greatest can only be found by reading the whole table. So what this run has put in is used instead, if
 * the table was empty before; and for a day, what the last catalog says of the same table, together with what this run has put in. Others may
 * have put in greater times meanwhile: then an extractor starts earlier than it need, and misses nothing.
 *
 * A failure fails no run of the loader: it is logged (a read-only spool at debug level), and handed to done.
 */
#ifndef NETTY_LOAD_PUBLISH_CATALOG_PUBLISH_H
#define NETTY_LOAD_PUBLISH_CATALOG_PUBLISH_H

#include "load/database/db.h"
#include "load/target/tables_look.h"
#include "spool/store/spool.h"

struct catalog_publish;
/* Returns the greatest time_modified that this run has put into the table, or WHEN_NONE. *whole: the table was empty before. */
typedef int64_t catalog_publish_greatest_fn(void *ctx, const char *table, bool *whole);
typedef void catalog_publish_done_fn(void *ctx,
                                     const struct err *err); /* NULL: the catalog is written */

/* db is connected, or there is a look to use; then it is connected where the look does not say all. schema as of target_table_list, borrowed. done is called once, from the loop; catalog_publish_free belongs into it or after it. */
enum err_code catalog_publish_open(struct catalog_publish **l, struct db *db, const struct spool *s,
                                   const char *schema, struct err *e) MUST_CHECK;
/* Takes the list of tables, and the greatest times found by an index, from this look, if it is not too old. To be called before
 * catalog_publish_run. look is borrowed. */
void catalog_publish_use(struct catalog_publish *l, const struct tables_look *look);
/* greatest may be NULL if nothing was put in. ctx is handed to both functions. */
void catalog_publish_run(struct catalog_publish *l, catalog_publish_greatest_fn *greatest,
                         catalog_publish_done_fn *done, void *ctx);
void catalog_publish_free(struct catalog_publish *l);

#endif
