/*
 * Brings the rows of one table from a file (load/row_moves/archive_file.h) back into the database, batch after batch. Nothing is remembered: when
 * run again, it finds the file's rows in the table. Of a damaged file, the rows before the damage are brought back. A file that ends within a
 * batch is read up to there, since the rows of that batch had not been removed yet when its writer died.
 */
#ifndef NETTY_LOAD_MAINTENANCE_RESTORE_FILE_H
#define NETTY_LOAD_MAINTENANCE_RESTORE_FILE_H

#include "load/command/command.h"
#include "load/row_moves/row_mover.h"

/* merged: as for load/sql/restore_lines.sql. *n is filled also after a failure: n->rows counts the rows written, n->merged those of them whose key
 * was in the table. */
enum err_code restore_file(struct command_context *c, const struct command_table *t,
                           const char *path, const char *merged, struct row_mover_counts *n,
                           struct err *e) MUST_CHECK;

#endif
