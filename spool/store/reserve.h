/*
 * A little room on the spool's disk, kept for the case that others fill the disk: the file <spool>/reserve. The loader and prune
 * must write small files before they may remove anything: how far a database has loaded (loaded.json), and up to where a table
 * is pruned (pruned.json). When the disk is full they use the reserve's room.
 *
 *     reserve_keep(spool);                                  // at the end of what went well
 *     if ((rc = write_it(...)) == ERR_FULL && reserve_give(spool))
 *         rc = write_it(...);                               // once more, in the room that was kept
 *
 * The reserve is one file of RESERVE_BYTES, so it keeps bytes and one inode. It is made only while the disk has sixteen times
 * as much left. Nobody reads the file, and it may be removed.
 */
#ifndef NETTY_SPOOL_STORE_RESERVE_H
#define NETTY_SPOOL_STORE_RESERVE_H

#include "spool/store/spool.h"

#define RESERVE_FILE  "reserve"
#define RESERVE_BYTES ((int64_t)256 << 10)

/* Makes the reserve if it is missing and there is room. Does not fail. */
void reserve_keep(const struct spool *s);
/* Removes the reserve. Returns false where there was none, so that trying again would not help. */
bool reserve_give(const struct spool *s);

#endif
