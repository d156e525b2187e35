/*
 * Up to which segment a table has been pruned: <table>/pruned.json. Written before the first file
 * goes, so that removing a segment is one durable step: what is left of a segment up to that number
 * does not count any more, for nobody (segment_list_read).
 */
#ifndef NETTY_SPOOL_SEGMENT_PRUNED_H
#define NETTY_SPOOL_SEGMENT_PRUNED_H

#include "shared/base/err.h"
#include <stdint.h>

#define PRUNED_FILE "pruned.json"

/* *through is 0 where nothing was pruned; also, with ERR_DAMAGED, where the file cannot be used. */
enum err_code pruned_read(const char *dir, uint64_t *through, struct err *e) MUST_CHECK;
/* For the holder of the folder's lock (small_file_lock). Never goes back. */
enum err_code pruned_write(const char *dir, uint64_t through, struct err *e) MUST_CHECK;

#endif
