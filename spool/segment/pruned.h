/*
 * Up to which segment a table has been pruned: <table>/pruned.json. It is written before the first file
 * of a segment is removed, so that the removal is one durable step: files of segments up to that number
 * no longer count, for any reader (segment_list_read).
 */
#ifndef NETTY_SPOOL_SEGMENT_PRUNED_H
#define NETTY_SPOOL_SEGMENT_PRUNED_H

#include "shared/base/err.h"
#include <stdint.h>

#define PRUNED_FILE "pruned.json"

/* Sets *through to that number; 0: nothing was pruned. Fails with ERR_DAMAGED, and *through 0, where the file cannot be used. */
enum err_code pruned_read(const char *dir, uint64_t *through, struct err *e) MUST_CHECK;
/* Writes the number, durably; a lower one than the file has is not written. The caller holds the folder's lock
 * (small_file_lock). */
enum err_code pruned_write(const char *dir, uint64_t through, struct err *e) MUST_CHECK;

#endif
