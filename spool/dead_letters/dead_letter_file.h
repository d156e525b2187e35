/*
 * The file of a table's dead letters of one side: locked, read line by line, replaced by a new file.
 * For this folder only.
 *
 * Whether the file's lines are on the disk cannot be seen from the file: where a sync failed, lines can
 * be read that the disk does not have, and no later sync reports them. So the hint file <side>.acked
 * (hint_file.h) records what the last successful sync covered. Without it the file is written anew
 * (dead_letter_file_settle) before anybody adds to it or relies on it.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_FILE_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_FILE_H

#include "shared/base/buf.h"
#include "shared/files/file_io.h"
#include "spool/dead_letters/dead_letter.h"
#include "spool/store/spool.h"

struct dead_letter_file {
    int fd; /* -1: there is no file */
    enum dead_side side;
    const char *name;
    char dir[IO_PATH];
    char path[IO_PATH];
};

/* Opens the file and locks it. Without a file, and without O_CREAT in flags, fd is -1 and the result OK. The caller calls
 * dead_letter_file_close in any case. */
enum err_code dead_letter_file_open(struct dead_letter_file *b, const struct spool *s,
                                    const char *table, enum dead_side side, int flags,
                                    struct err *e) MUST_CHECK;
/* Opens the file for reading without the lock. A line that is just being added may look damaged. */
enum err_code dead_letter_file_look(struct dead_letter_file *b, const struct spool *s,
                                    const char *table, enum dead_side side,
                                    struct err *e) MUST_CHECK;
/* Returns rc, or, where rc is OK, the failure to close. */
enum err_code dead_letter_file_close(struct dead_letter_file *b, enum err_code rc,
                                     struct err *e) MUST_CHECK;

typedef enum err_code dead_letter_file_line_fn(void *ctx, const char *line, size_t n,
                                               struct err *e);
/* Calls fn for each line from byte *begin on; *begin moves past each line for which fn returns OK. tail gets the bytes behind
 * the last line end. */
enum err_code dead_letter_file_each_whole_line(const struct dead_letter_file *b, int64_t *begin,
                                               struct buf *tail, dead_letter_file_line_fn *fn,
                                               void *ctx, struct err *e) MUST_CHECK;
/* Calls fn for each line; also for a last one without its line end. */
enum err_code dead_letter_file_each_line(const struct dead_letter_file *b,
                                         dead_letter_file_line_fn *fn, void *ctx,
                                         struct err *e) MUST_CHECK;

/* Begins a locked new file that is to replace b's. The caller then calls dead_letter_file_exchange, or dead_letter_file_drop, or
 * both in this order. */
enum err_code dead_letter_file_begin(const struct dead_letter_file *b, struct dead_letter_file *new,
                                     struct err *e) MUST_CHECK;
enum err_code dead_letter_file_exchange(struct dead_letter_file *b, struct dead_letter_file *new,
                                        struct err *e) MUST_CHECK;
void dead_letter_file_drop(struct dead_letter_file *new);

/* Records that a sync has covered all that is in the file. Where that cannot be written, dead_letter_file_settle
 * writes the file anew next time. */
void dead_letter_file_acknowledge(const struct dead_letter_file *b);
/* Sets *bytes to how much of the file, which has `size` bytes, a sync has covered; 0: not known. */
enum err_code dead_letter_file_acknowledged(const struct dead_letter_file *b, uint64_t size,
                                            uint64_t *bytes, struct err *e) MUST_CHECK;

#endif
