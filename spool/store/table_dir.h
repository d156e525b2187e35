/*
 * A table's folder in the spool. For the files of spool/ only.
 */
#ifndef NETTY_SPOOL_STORE_TABLE_DIR_H
#define NETTY_SPOOL_STORE_TABLE_DIR_H

#include "shared/files/file_io.h"
#include "spool/store/spool.h"

/* Its path; the name is checked, so that no name leads out of the spool. */
enum err_code table_dir(char out[IO_PATH], const struct spool *s, const char *table,
                        struct err *e) MUST_CHECK;
/* The same, and the folder is there afterwards, durably. */
enum err_code table_make(char out[IO_PATH], const struct spool *s, const char *table,
                         struct err *e) MUST_CHECK;

#endif
