/*
 * The few things files need beyond POSIX's calls: complete writes, folders, durable replacement.
 * All of them retry EINTR, say the path in the message, and close on exec.
 */
#ifndef NETTY_SHARED_FILES_FILE_IO_H
#define NETTY_SHARED_FILES_FILE_IO_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdint.h>
#include <sys/types.h>

/* Of a path, of a file's name; with the NUL. */
#define IO_PATH 4096
#define IO_NAME 256

/* First thing in each main. Opens /dev/null in the place of standard input, output or error where one is closed, so that
 * no file of ours takes its number. Ignores SIGPIPE and SIGXFSZ, so that a reader that went away, or a file beyond the
 * limit on file sizes (ulimit -f), is an error of that write and not the end of the process. */
enum err_code io_standard_files(struct err *e) MUST_CHECK;

/* All n bytes, or an error; path is for the message. */
enum err_code io_write(int fd, const void *p, size_t n, const char *path, struct err *e) MUST_CHECK;
enum err_code io_pwrite(int fd, const void *p, size_t n, int64_t at, const char *path,
                        struct err *e) MUST_CHECK;
/* As many as there are up to n; *got < n only at the end of the file. */
enum err_code io_pread(int fd, void *p, size_t n, int64_t at, size_t *got, const char *path,
                       struct err *e) MUST_CHECK;
/* A whole small file that a person has named, or the system, into b, in place of what it held (its cap holds; empty on
 * failure). It may be a link or a pipe, for which there are ten seconds. What lies in the spool is read by safe_file.h.
 * ERR_NO_SPOOL is not used here: a missing file is ERR_IO with e->sys == ENOENT. */
enum err_code io_read_file(const char *path, struct buf *b, struct err *e) MUST_CHECK;

/* The same for what is open already. */
enum err_code io_read_all(int fd, const char *path, struct buf *b, struct err *e) MUST_CHECK;
/* Opens what a person has named, to read: without waiting, a pipe's too. *fd is -1 on failure. */
enum err_code io_open_named(int *fd, const char *path, struct err *e) MUST_CHECK;
/* Until there is something to read, or its end; after ten seconds of nothing ERR_IO. */
enum err_code io_await(int fd, const char *path, struct err *e) MUST_CHECK;

/* Opens a folder that is no symbolic link, for openat() and the like. *fd is -1 on failure. */
enum err_code io_open_folder(int *fd, const char *path, struct err *e) MUST_CHECK;
bool io_is_link(const char *path);
/* ERR_IO, e->sys ELOOP. */
enum err_code io_refuse_link(const char *path, struct err *e);
/* A new file in the open folder, which readers pass over: ".NAME.XXXXXX", mode 0600. */
enum err_code io_create_hidden(int *fd, int in, const char *dir, const char *name,
                               char hidden[IO_NAME], struct err *e) MUST_CHECK;

/* path and its missing parents, mode 0700; after OK all of their names survive a crash, whoever made them. */
enum err_code io_mkdirs(const char *path, struct err *e) MUST_CHECK;
/* fsync the folder itself: what makes a create, rename or unlink in it last. */
enum err_code io_sync_dir(const char *path, struct err *e) MUST_CHECK;
/* Write dir/name whole or not at all, mode 0600, durable on return: a temporary file beside it,
 * fsync, rename, fsync of the folder. The temporary is removed on failure. */
enum err_code io_replace(const char *dir, const char *name, const void *p, size_t n,
                         struct err *e) MUST_CHECK;
/* The same for a file that others may read: mode 0644, whatever the umask. */
enum err_code io_publish(const char *dir, const char *name, const void *p, size_t n,
                         struct err *e) MUST_CHECK;
/* fn for each name in the folder, in no order; dir is the open folder, for fstatat and the like. What fn answers ends
 * it, unless that is OK. lenient: a folder that is not there has no names. */
typedef enum err_code io_name_fn(void *ctx, int dir, const char *name, struct err *e);
enum err_code io_each_name(const char *dir, bool lenient, io_name_fn *fn, void *ctx,
                           struct err *e) MUST_CHECK;
/* "a/b" into out; ERR_TOO_BIG when it does not fit. */
enum err_code io_path(char out[IO_PATH], const char *a, const char *b, struct err *e) MUST_CHECK;

#endif
