/*
 * Moves the rows of one table that fit a condition into a file (load/row_moves/archive_file.h) and out of the database
 * (load/row_moves/row_mover.h). Adds the command's summary row: table rows bytes file seconds.
 */
#ifndef NETTY_LOAD_ROW_MOVES_ROWS_TO_FILE_H
#define NETTY_LOAD_ROW_MOVES_ROWS_TO_FILE_H

#include "load/command/command.h"

struct rows_to_file_conf {
    const char *condition; /* load/row_moves/row_mover.h */
    const char *dir;       /* of the files */
};

enum err_code rows_to_file_run(struct command_context *c, const struct command_table *t,
                               const struct rows_to_file_conf *conf, struct err *e) MUST_CHECK;

#endif
