/*
 * Makes the seek table of a compressed segment anew from the frames. With a damaged table no page is lost; finding a page only
 * takes longer.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_SEEK_TABLE_REPAIR_H
#define NETTY_SPOOL_MAINTENANCE_SEEK_TABLE_REPAIR_H

#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Puts a new file in the old one's place, durably. *repaired is false when nothing is wrong, or when not all frames can be found,
 * so that nothing was done. dry_run: nothing is done, and *repaired says what would be. The caller holds the folder's lock
 * (small_file.h). Safe beside readers and a writer. */
enum err_code seek_table_repair(const char *dir, uint64_t segment, bool dry_run, bool *repaired,
                                struct err *e) MUST_CHECK;

#endif
