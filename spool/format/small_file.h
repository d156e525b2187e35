/*
 * A small file of checksummed lines (checksum_line.h) that is replaced whole (io_replace): the files beside the segments that
 * say something about them, and those in the spool's own folder.
 */
#ifndef NETTY_SPOOL_FORMAT_SMALL_FILE_H
#define NETTY_SPOOL_FORMAT_SMALL_FILE_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define SMALL_FILE_MAX (16u << 20)

/* Calls fn for each line of dir/name in order, without its line end; number counts from 0. Stops, and returns fn's result,
 * when that is not OK. Fails with ERR_IO, e->sys ENOENT, where there is no such file, and with ERR_DAMAGED for a file that
 * is cut short, empty, or has a line that does not match its checksum; fn has been called for the lines before that one. */
typedef enum err_code small_file_fn(void *ctx, uint64_t number, const char *line, size_t n,
                                    struct err *e);
enum err_code small_file_read(const char *dir, const char *name, small_file_fn *fn, void *ctx,
                              struct err *e) MUST_CHECK;

/* Do all lines match their checksums? Returns what small_file_read would return. */
enum err_code small_file_check(const char *dir, const char *name, struct err *e) MUST_CHECK;

/* Locks the folder (flock) for a change of its small files, and waits for another process that has the lock.
 * small_file_unlock closes fd, which ends the lock. */
enum err_code small_file_lock(const char *dir, int *fd, struct err *e) MUST_CHECK;
void small_file_unlock(int fd);

#endif
