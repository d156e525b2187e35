/*
 * What files need beyond POSIX's calls: complete reads and writes, folders, durable replacement.
 * All functions repeat a call that a signal has interrupted (EINTR), name the path in the message, and
 * open with close-on-exec. Errors are ERR_IO unless said otherwise, with errno in e->sys.
 */
#ifndef NETTY_SHARED_FILES_FILE_IO_H
#define NETTY_SHARED_FILES_FILE_IO_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdint.h>
#include <sys/types.h>

/* The longest path, and the longest name of a file, each with its NUL. */
#define IO_PATH 4096
#define IO_NAME 256

/* The first call of each main. Opens /dev/null in the place of standard input, output or error where one is closed, so that
 * no other file gets its number. Ignores SIGPIPE and SIGXFSZ: when a pipe's reader has gone, or a file would exceed the
 * limit on file sizes (ulimit -f), the write fails, and the process goes on. */
enum err_code io_standard_files(struct err *e) MUST_CHECK;

/* Write all n bytes, or fail. path is for the message. */
enum err_code io_write(int fd, const void *p, size_t n, const char *path, struct err *e) MUST_CHECK;
enum err_code io_pwrite(int fd, const void *p, size_t n, int64_t at, const char *path,
                        struct err *e) MUST_CHECK;
/* Reads up to n bytes from byte `at`. *got is less than n only where the file ends. */
enum err_code io_pread(int fd, void *p, size_t n, int64_t at, size_t *got, const char *path,
                       struct err *e) MUST_CHECK;
/* Reads a whole small file that a person or the system has named. Its content replaces b's, whose cap holds; on failure b is
 * empty. The file may be a link, or a pipe, whose writer has ten seconds. Files in the spool are read by safe_file.h
 * instead. A missing file is ERR_IO with e->sys == ENOENT. */
enum err_code io_read_file(const char *path, struct buf *b, struct err *e) MUST_CHECK;

/* The same for a file that is open already. */
enum err_code io_read_all(int fd, const char *path, struct buf *b, struct err *e) MUST_CHECK;
/* Opens a file that a person has named, for reading, without waiting for a pipe's writer. *fd is -1 on failure. */
enum err_code io_open_named(int *fd, const char *path, struct err *e) MUST_CHECK;
/* Waits until fd has something to read or has ended. Fails with ERR_IO after ten seconds. */
enum err_code io_await(int fd, const char *path, struct err *e) MUST_CHECK;

/* Opens a folder for openat() and the like; a symbolic link is refused. *fd is -1 on failure. */
enum err_code io_open_folder(int *fd, const char *path, struct err *e) MUST_CHECK;
bool io_is_link(const char *path);
/* Returns ERR_IO with e->sys == ELOOP and a message that path is a link. */
enum err_code io_refuse_link(const char *path, struct err *e);
/* Creates ".NAME.XXXXXX" in the open folder `in`, mode 0600, to be renamed later. Readers of the spool pass over names that
 * begin with a dot. hidden is set to the name. */
enum err_code io_create_hidden(int *fd, int in, const char *dir, const char *name,
                               char hidden[IO_NAME], struct err *e) MUST_CHECK;

/* Makes the folder path and its missing parents, mode 0700. After OK the names of all of them survive a crash of the
 * machine, also of those that were there before. */
enum err_code io_mkdirs(const char *path, struct err *e) MUST_CHECK;
/* Syncs the folder itself, so that files created, renamed or removed in it stay so after a crash of the machine. */
enum err_code io_sync_dir(const char *path, struct err *e) MUST_CHECK;
/* Writes dir/name whole or not at all, mode 0600, durable on return: writes a hidden file beside it,
 * syncs it, renames it, and syncs the folder. The hidden file is removed on failure. */
enum err_code io_replace(const char *dir, const char *name, const void *p, size_t n,
                         struct err *e) MUST_CHECK;
/* The same for a file that other users may read: mode 0644, whatever the umask. */
enum err_code io_publish(const char *dir, const char *name, const void *p, size_t n,
                         struct err *e) MUST_CHECK;
/* Calls fn for each name in the folder, in no order; fn's dir is the open folder, for fstatat and the like. Stops, and
 * returns fn's result, when that is not OK. lenient: a folder that is not there counts as empty. */
typedef enum err_code io_name_fn(void *ctx, int dir, const char *name, struct err *e);
enum err_code io_each_name(const char *dir, bool lenient, io_name_fn *fn, void *ctx,
                           struct err *e) MUST_CHECK;
/* Writes "a/b" into out. Fails with ERR_TOO_BIG when it does not fit. */
enum err_code io_path(char out[IO_PATH], const char *a, const char *b, struct err *e) MUST_CHECK;

#endif
