/*
 * Why something cannot be opened. A run of root's, or a spool that root has restored, leaves files that the spool's own user may
 * not open; "Permission denied" tells neither whose they are nor what to do.
 *
 *     fd = open(path, ...);
 *     if (fd < 0)
 *         return foreign_file(ERR_IO, "cannot open", path, e);      // errno is open's
 *
 * ERR_DENIED, with the owner and the chown for root, where it is permission that lacks and the file, or the first folder on the
 * way that exists or lets nobody in, belongs to somebody else. Otherwise `code`, "cannot open PATH: " and errno's text. errno and
 * e->sys stay as open left it.
 */
#ifndef NETTY_SHARED_FILES_FOREIGN_FILE_H
#define NETTY_SHARED_FILES_FOREIGN_FILE_H

#include "shared/base/err.h"

enum err_code foreign_file(enum err_code code, const char *what, const char *path,
                           struct err *e) MUST_CHECK;

#endif
