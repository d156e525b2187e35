/*
 * The archive of one netty-* table within the database: the table <relation>-archive, and the view
 * <relation>-all of both (load/sql/archive_plan.sql).
 *
 *     shelf_open(&s, &target, replace, e);
 *     shelf_make(s, session, e);        // what is missing; ERR_REFUSED where a name is taken
 *     shelf_look(s, session, &there, e);
 *     shelf_archive(s) ...
 *     shelf_move(s, SHELF_PUT, ...)     // a window of rows; for mover.move
 */
#ifndef NETTY_LOAD_MAINTENANCE_ARCHIVE_TABLE_H
#define NETTY_LOAD_MAINTENANCE_ARCHIVE_TABLE_H

#include "load/command/command.h"
#include "load/maintenance/row_mover.h"

struct shelf;
/* replace: --update replace, so that of two rows of a record one is taken as it is. The target must
 * live as long. */
enum err_code shelf_open(struct shelf **s, const struct command_table *t, bool replace,
                         struct err *e) MUST_CHECK;
void shelf_close(struct shelf *s);

enum err_code shelf_make(struct shelf *s, struct session *session, struct err *e) MUST_CHECK;
/* Is there an archive? Its columns are known then. */
enum err_code shelf_look(struct shelf *s, struct session *session, bool *there,
                         struct err *e) MUST_CHECK;

/* The archive as a relation of its own. */
const struct relation *shelf_archive(const struct shelf *s);
/* The data of a record that both have, the archived row (excluded) coming to the live one (t). */
const char *shelf_merged_back(const struct shelf *s);

enum shelf_way {
    SHELF_PUT,      /* into the archive */
    SHELF_TAKE_BACK /* out of it */
};
/* One window, as mover.move does it. condition: as mover's. The columns must be known (shelf_make, shelf_look). */
enum err_code shelf_move(const struct shelf *s, enum shelf_way way, const char *condition,
                         struct session *session, const struct mover_window *w, PGresult **moved,
                         struct err *e) MUST_CHECK;

#endif
