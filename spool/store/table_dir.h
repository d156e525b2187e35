/*
 * A table's folder in the spool. For code that reads or writes files of the format.
 */
#ifndef NETTY_SPOOL_STORE_TABLE_DIR_H
#define NETTY_SPOOL_STORE_TABLE_DIR_H

#include "shared/files/file_io.h"
#include "spool/store/spool.h"

/* Writes the folder's path. The name is checked, so that no name leads out of the spool. */
enum err_code table_dir(char out[IO_PATH], const struct spool *s, const char *table,
                        struct err *e) MUST_CHECK;
/* The same, and makes the folder, durably, if it is missing. */
enum err_code table_make(char out[IO_PATH], const struct spool *s, const char *table,
                         struct err *e) MUST_CHECK;

#endif
