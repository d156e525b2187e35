/*
 * Opens, renames and removes files of the spool and of the archive folder, where another user of the machine may have put something else.
 *
 *     int fd = -1;
 *     if ((rc = safe_open(&fd, path, O_RDWR | O_CREAT, e)) != OK)
 *         goto done;
 *
 * An open file is a regular one. It belongs to this user or to root, and nobody else can write to it; root may read
 * everybody's. To be written it has one name only, so that a snapshot made of hard links stays as it is. Neither the file
 * nor the folder that holds it was reached through a symbolic link, and opening has not waited for anybody. Folders above
 * that one are trusted.
 * Errors name the file: ERR_DENIED for owner and mode, ERR_IO for everything else (ERR_CREATE with O_CREAT); e->sys has the
 * reason: ENOENT, ELOOP for a link, EMLINK for more than one name. errno is ENOENT only where there is no such file.
 */
#ifndef NETTY_SHARED_FILES_SAFE_FILE_H
#define NETTY_SHARED_FILES_SAFE_FILE_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/files/file_io.h"

/* Takes open()'s flags; a new file has mode 0600. *fd is -1 on failure. */
enum err_code safe_open(int *fd, const char *path, int flags, struct err *e) MUST_CHECK;
/* The same of a file that may not be there, which is no failure: *fd is -1 then, and e untouched. */
enum err_code safe_open_if_there(int *fd, const char *path, int flags, struct err *e) MUST_CHECK;
/* A whole small file into b, in place of what it held (its cap holds; empty on failure). */
enum err_code safe_read_file(const char *path, struct buf *b, struct err *e) MUST_CHECK;
/* Renames within a folder, and removes. A missing file is no failure of safe_remove(). Neither syncs the folder. */
enum err_code safe_rename(const char *from, const char *to, struct err *e) MUST_CHECK;
enum err_code safe_remove(const char *path, struct err *e);
/* ERR_DENIED, with the command to use, where another user owns the folder: what this one wrote there, root say, the owner
 * could not write to. what: "the spool". */
enum err_code safe_check_writer(const char *folder, const char *what, struct err *e) MUST_CHECK;
/* Follows a link that a person has put in the place of a whole spool or archive folder, once and for all: in place. */
enum err_code safe_resolve_folder(char path[IO_PATH], struct err *e) MUST_CHECK;

#endif
