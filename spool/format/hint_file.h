/*
 * A word: a file of one line that vouches for itself (checksum_line.h), written over in place by one writer
 * and never synced. It tells of what a sync has made last, after that sync: true whenever it was
 * written, and of use only as long as the page cache lives, which is all that can belie a sync. An
 * older word than the last only makes somebody trust less.
 *
 *     hint_file_write(dir, "acked.json", &fd, &line, e);    // fd is -1 at first; hint_file_close(&fd)
 *     hint_file_read(dir, "acked.json", line, &n, e);       // n is 0: no word (that can be read)
 */
#ifndef NETTY_SPOOL_FORMAT_HINT_FILE_H
#define NETTY_SPOOL_FORMAT_HINT_FILE_H

#include "shared/base/buf.h"
#include "shared/base/err.h"

#define HINT_FILE_MAX 2048

enum hint_file_state {
    HINT_FILE_NONE, /* no file, or an empty one: the machine stopped */
    HINT_FILE_KNOWN,
    HINT_FILE_DAMAGED
};

/* line: without its line end, n bytes; only where *state is HINT_FILE_KNOWN. A damaged one is no error. */
enum err_code hint_file_read(const char *dir, const char *name, char line[HINT_FILE_MAX], size_t *n,
                             enum hint_file_state *state, struct err *e) MUST_CHECK;
/* Reads and decodes: `decode` gets the line. One that `decode` calls damaged (ERR_DAMAGED) makes *state HINT_FILE_DAMAGED and is no
 * error; any other error of `decode` is returned. */
typedef enum err_code hint_file_fn(void *to, const char *line, size_t n, struct err *e);
enum err_code hint_file_decode(const char *dir, const char *name, hint_file_fn *decode, void *to,
                               enum hint_file_state *state, struct err *e) MUST_CHECK;
/* line is what goes before the checksum: {"a":1 */
enum err_code hint_file_write(int *fd, const char *dir, const char *name, struct buf *line,
                              struct err *e) MUST_CHECK;
void hint_file_close(int *fd);

#endif
