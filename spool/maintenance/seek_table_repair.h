/*
 * The seek table of a compressed segment, made anew from the frames: none of its pages is lost with
 * it, it is only found the longer way.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_SEEK_TABLE_REPAIR_H
#define NETTY_SPOOL_MAINTENANCE_SEEK_TABLE_REPAIR_H

#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* A new file in the old one's place, durably. *repaired is false where nothing is wrong, or not all
 * frames can be found and nothing is done. dry_run: nothing is done either, *repaired tells what would
 * be. For the holder of the folder's lock (small_file.h); beside readers and a writer. */
enum err_code seek_table_repair(const char *dir, uint64_t segment, bool dry_run, bool *repaired,
                                struct err *e) MUST_CHECK;

#endif
