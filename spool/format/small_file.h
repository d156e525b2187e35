/*
 * A small file of lines that vouch for themselves (checksum_line.h), replaced whole: what stands beside
 * the segments and says something of them.
 */
#ifndef NETTY_SPOOL_FORMAT_SMALL_FILE_H
#define NETTY_SPOOL_FORMAT_SMALL_FILE_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define SMALL_FILE_MAX (16u << 20)

/* Each line of dir/name in order, without its line end; number counts from 0. ERR_IO with sys
 * ENOENT where there is no such file; ERR_DAMAGED for one that is cut short, empty, or has a line
 * that does not match its checksum: lines before it have been handed out then. What fn answers ends
 * it. */
typedef enum err_code small_file_fn(void *ctx, uint64_t number, const char *line, size_t n,
                                    struct err *e);
enum err_code small_file_read(const char *dir, const char *name, small_file_fn *fn, void *ctx,
                              struct err *e) MUST_CHECK;

/* Do all lines match their checksums? Answers as small_file_read does. */
enum err_code small_file_check(const char *dir, const char *name, struct err *e) MUST_CHECK;

/* One writer at a time of what stands in the folder: waits. unlock closes. */
enum err_code small_file_lock(const char *dir, int *fd, struct err *e) MUST_CHECK;
void small_file_unlock(int fd);

#endif
