/*
 * A little room on the spool's disk, kept for when others have filled it: <spool>/reserve. What the loader and prune have to
 * write before they may free anything, how far a database has loaded and up to where a table is pruned, goes there.
 *
 *     reserve_keep(spool);                                  // at the end of what went well
 *     if ((rc = write_it(...)) == ERR_FULL && reserve_give(spool))
 *         rc = write_it(...);                               // once more, in the room that was kept
 *
 * The reserve is one file of RESERVE_BYTES, so it stands for bytes and for an inode. It is made only while the disk has
 * sixteen times as much left. Nobody reads it; it may be removed.
 */
#ifndef NETTY_SPOOL_STORE_RESERVE_H
#define NETTY_SPOOL_STORE_RESERVE_H

#include "spool/store/spool.h"

#define RESERVE_FILE  "reserve"
#define RESERVE_BYTES ((int64_t)256 << 10)

/* Makes it where it is missing and there is room. That it cannot is no failure. */
void reserve_keep(const struct spool *s);
/* Removes it. False: there was none, and trying again would not help. */
bool reserve_give(const struct spool *s);

#endif
