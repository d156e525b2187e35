/*
 * Says why a file cannot be opened. When root has run a program, or has restored a spool, some files belong to root and the
 * spool's own user may not open them. "Permission denied" says neither whose they are nor what to do.
 *
 *     fd = open(path, ...);
 *     if (fd < 0)
 *         return foreign_file(ERR_IO, "cannot open", path, e);      // errno is open's
 *
 * Returns ERR_DENIED, with the owner and the chown command for root, when permission was refused and the file, or the lowest
 * folder above it that can be looked at, belongs to another user. Otherwise returns `code` with "cannot open PATH: " and errno's
 * text. errno keeps the value that open left; e->sys gets it.
 */
#ifndef NETTY_SHARED_FILES_FOREIGN_FILE_H
#define NETTY_SHARED_FILES_FOREIGN_FILE_H

#include "shared/base/err.h"

enum err_code foreign_file(enum err_code code, const char *what, const char *path,
                           struct err *e) MUST_CHECK;

#endif
