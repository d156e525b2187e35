/*
 * Opens, renames and removes files of the spool and of the archive folder, where another user of the machine may have put something else.
 *
 *     int fd = -1;
 *     if ((rc = safe_open(&fd, path, O_RDWR | O_CREAT, e)) != OK)
 *         goto done;
 *
 * After OK the file is a regular file that belongs to this user or to root, and no other user can write to it. (Root may
 * read everybody's.) A file opened for writing has one name only, so that a snapshot made of hard links stays as it is.
 * Neither the file nor the folder that holds it was reached through a symbolic link, and opening waited for nobody. Folders
 * further up are trusted.
 * Errors name the file: ERR_DENIED for owner and mode, ERR_IO for everything else (ERR_CREATE with O_CREAT). e->sys has the
 * reason: ENOENT, ELOOP for a link, EMLINK for more than one name. errno is ENOENT only where there is no such file.
 */
#ifndef NETTY_SHARED_FILES_SAFE_FILE_H
#define NETTY_SHARED_FILES_SAFE_FILE_H

#include "shared/base/buf.h"
#include "shared/base/err.h"
#include "shared/files/file_io.h"

/* Takes open()'s flags; a new file has mode 0600. *fd is -1 on failure. */
enum err_code safe_open(int *fd, const char *path, int flags, struct err *e) MUST_CHECK;
/* The same, but a missing file is no failure: the result is OK, *fd is -1, and e is untouched. */
enum err_code safe_open_if_there(int *fd, const char *path, int flags, struct err *e) MUST_CHECK;
/* Reads a whole small file. Its content replaces b's, whose cap holds; on failure b is empty. */
enum err_code safe_read_file(const char *path, struct buf *b, struct err *e) MUST_CHECK;
/* safe_rename renames within one folder, safe_move into another one of the same volume, safe_remove removes; to remove a missing file is
 * no failure. None syncs a folder. */
enum err_code safe_rename(const char *from, const char *to, struct err *e) MUST_CHECK;
enum err_code safe_move(const char *from, const char *to, struct err *e) MUST_CHECK;
enum err_code safe_remove(const char *path, struct err *e);
/* Fails with ERR_DENIED when another user, other than root, owns the folder and this user (root, for instance) could write to
 * it: the owner could not write to the files made there. The message has the command to use instead. what names the folder:
 * "the spool". */
enum err_code safe_check_writer(const char *folder, const char *what, struct err *e) MUST_CHECK;
/* Replaces path by the folder that it leads to, where a person has made the whole spool or archive folder a link. Other links
 * are refused afterwards. ERR_NO_SPOOL where the link leads to nothing. */
enum err_code safe_resolve_folder(char path[IO_PATH], struct err *e) MUST_CHECK;

#endif
