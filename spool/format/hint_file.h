/*
 * A hint file: one checksummed line (checksum_line.h). One writer overwrites it in place, and never syncs it.
 *
 *     hint_file_write(&fd, dir, "acked.json", &line, e);          // fd is -1 at first
 *     hint_file_read(dir, "acked.json", line, &n, &state, e);
 *     hint_file_close(&fd);
 *
 * Some hints record how far a successful sync of another file has come (acked.json, dead-*.acked). Why a hint is enough for
 * that: the danger is a sync that failed and whose data the page cache still shows. The page cache is lost when the machine
 * stops; so may the hint be. A hint that is old or missing is safe: its reader then trusts less than it could.
 */
#ifndef NETTY_SPOOL_FORMAT_HINT_FILE_H
#define NETTY_SPOOL_FORMAT_HINT_FILE_H

#include "shared/base/buf.h"
#include "shared/base/err.h"

#define HINT_FILE_MAX 2048

enum hint_file_state {
    HINT_FILE_NONE, /* no file, or an empty one, as a stop of the machine may leave */
    HINT_FILE_KNOWN,
    HINT_FILE_DAMAGED
};

/* Reads the line, n bytes without its line end; line and *n count only when *state is HINT_FILE_KNOWN. A damaged hint is
 * not an error. */
enum err_code hint_file_read(const char *dir, const char *name, char line[HINT_FILE_MAX], size_t *n,
                             enum hint_file_state *state, struct err *e) MUST_CHECK;
/* Reads the line and gives it to decode. When decode returns ERR_DAMAGED, *state is HINT_FILE_DAMAGED and the result OK; any other
 * error of decode is returned. */
typedef enum err_code hint_file_fn(void *to, const char *line, size_t n, struct err *e);
enum err_code hint_file_decode(const char *dir, const char *name, hint_file_fn *decode, void *to,
                               enum hint_file_state *state, struct err *e) MUST_CHECK;
/* Writes the line. The caller gives it without checksum and closing brace: {"a":1 */
enum err_code hint_file_write(int *fd, const char *dir, const char *name, struct buf *line,
                              struct err *e) MUST_CHECK;
void hint_file_close(int *fd);

#endif
