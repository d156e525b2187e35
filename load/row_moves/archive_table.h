/*
 * The archive of one netty-* table within the database: the table <relation>-archive, and the view
 * <relation>-all of both (load/sql/archive_plan.sql).
 *
 *     archive_table_open(&s, &target, replace, e);
 *     archive_table_make(s, session, e);        // makes what is missing; ERR_REFUSED if a name is taken
 *     archive_table_look(s, session, &there, e);
 *     archive_table_archive(s) ...
 *     archive_table_move(s, ARCHIVE_TABLE_PUT, ...)     // moves a window of rows; for row_mover.move
 */
#ifndef NETTY_LOAD_ROW_MOVES_ARCHIVE_TABLE_H
#define NETTY_LOAD_ROW_MOVES_ARCHIVE_TABLE_H

#include "load/command/command.h"
#include "load/row_moves/row_mover.h"

struct archive_table;
/* replace: with --update replace, of two rows of one record one is taken as it is, instead of merging them. t must live as long as s. */
enum err_code archive_table_open(struct archive_table **s, const struct command_table *t,
                                 bool replace, struct err *e) MUST_CHECK;
void archive_table_close(struct archive_table *s);

enum err_code archive_table_make(struct archive_table *s, struct session *session,
                                 struct err *e) MUST_CHECK;
/* Finds out whether there is an archive (*there), and reads its columns. */
enum err_code archive_table_look(struct archive_table *s, struct session *session, bool *there,
                                 struct err *e) MUST_CHECK;

/* Returns the archive as a relation. */
const struct relation *archive_table_archive(const struct archive_table *s);
/* Returns the SQL expression for the data of a record that is in both, when the archived row (excluded) comes back to the live one (t). */
const char *archive_table_merged_back(const struct archive_table *s);

enum archive_table_direction {
    ARCHIVE_TABLE_PUT,      /* into the archive */
    ARCHIVE_TABLE_TAKE_BACK /* out of it */
};
/* Moves one window, as row_mover.move has to. condition: as row_mover's. archive_table_make or archive_table_look must have been called. */
enum err_code archive_table_move(const struct archive_table *s,
                                 enum archive_table_direction direction, const char *condition,
                                 struct session *session, const struct row_mover_window *w,
                                 PGresult **moved, struct err *e) MUST_CHECK;

#endif
