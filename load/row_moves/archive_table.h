/*
 * The archive of one netty-* table within the database: the table <relation>-archive, and the view
 * <relation>-all of both (load/sql/archive_plan.sql).
 *
 *     archive_table_open(&s, &target, replace, e);
 *     archive_table_make(s, session, e);        // what is missing; ERR_REFUSED where a name is taken
 *     archive_table_look(s, session, &there, e);
 *     archive_table_archive(s) ...
 *     archive_table_move(s, ARCHIVE_TABLE_PUT, ...)     // a window of rows; for mover.move
 */
#ifndef NETTY_LOAD_ROW_MOVES_ARCHIVE_TABLE_H
#define NETTY_LOAD_ROW_MOVES_ARCHIVE_TABLE_H

#include "load/command/command.h"
#include "load/row_moves/row_mover.h"

struct archive_table;
/* replace: --update replace, so that of two rows of a record one is taken as it is. The target must
 * live as long. */
enum err_code archive_table_open(struct archive_table **s, const struct command_table *t,
                                 bool replace, struct err *e) MUST_CHECK;
void archive_table_close(struct archive_table *s);

enum err_code archive_table_make(struct archive_table *s, struct session *session,
                                 struct err *e) MUST_CHECK;
/* Is there an archive? Its columns are known then. */
enum err_code archive_table_look(struct archive_table *s, struct session *session, bool *there,
                                 struct err *e) MUST_CHECK;

/* The archive as a relation of its own. */
const struct relation *archive_table_archive(const struct archive_table *s);
/* The data of a record that both have, the archived row (excluded) coming to the live one (t). */
const char *archive_table_merged_back(const struct archive_table *s);

enum archive_table_direction {
    ARCHIVE_TABLE_PUT,      /* into the archive */
    ARCHIVE_TABLE_TAKE_BACK /* out of it */
};
/* One window, as mover.move does it. condition: as mover's. The columns must be known (archive_table_make, archive_table_look). */
enum err_code archive_table_move(const struct archive_table *s,
                                 enum archive_table_direction direction, const char *condition,
                                 struct session *session, const struct row_mover_window *w,
                                 PGresult **moved, struct err *e) MUST_CHECK;

#endif
