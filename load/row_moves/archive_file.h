/*
 * Rows that leave the database, as files: NDJSON, one row a line with all its columns, compressed
 * with zstd, one frame a batch. `zstdcat` shows them.
 *
 * Writing:
 *     archive_file_open(&k, dir, "contacts", e);     // makes nothing yet
 *     archive_file_add(k, line, n, e) ...            // one row, without line end
 *     archive_file_commit(k, e);                     // what was added is durable: now the rows may go
 *     archive_file_close(k);
 *
 * The file, <dir>/<table>-<time>.ndjson.zst, is made with the first rows; the folder has mode 0700, the file 0600. A batch is appended whole and
 * synced, and only then are its rows removed from the database. So after a crash the file holds every row that was removed, perhaps some that were
 * not, and perhaps ends within a frame, whose rows were not removed. After a failed write or sync the file is not written to again. Memory is
 * bounded by the batch.
 *
 * Reading:
 *     archive_file_read_open(&r, path, named, e);    // named: a person named this path; it may be a link or a pipe
 *     while (archive_file_line(r, &line, &n, e) == OK && line != NULL) ...
 *     archive_file_read_torn(r)                      // it ended within a frame
 *     archive_file_read_close(r);
 *
 * Fails with ERR_IO on a pipe that brings nothing for ten seconds. No line of a frame is handed out before the frame's checksum was checked.
 */
#ifndef NETTY_LOAD_ROW_MOVES_ARCHIVE_FILE_H
#define NETTY_LOAD_ROW_MOVES_ARCHIVE_FILE_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define ARCHIVE_FILE_FRAME_MAX ((size_t)1 << 30) /* of a batch, not compressed */

struct archive_file;
enum err_code archive_file_open(struct archive_file **k, const char *dir, const char *table,
                                struct err *e) MUST_CHECK;
void archive_file_close(struct archive_file *k);
enum err_code archive_file_add(struct archive_file *k, const char *line, size_t n,
                               struct err *e) MUST_CHECK;
void archive_file_drop(
    struct archive_file *k); /* what was added since the last archive_file_commit */
enum err_code archive_file_commit(struct archive_file *k, struct err *e) MUST_CHECK;
const char *archive_file_path(const struct archive_file *k); /* NULL: no file has been made */
uint64_t
archive_file_bytes(const struct archive_file *k); /* of rows that are durable, not compressed */

struct archive_file_reader;
enum err_code archive_file_read_open(struct archive_file_reader **r, const char *path, bool named,
                                     struct err *e) MUST_CHECK;
void archive_file_read_close(struct archive_file_reader *r);
/* *line is NULL at the end; it lives until the next call. ERR_DAMAGED with the file and frame. */
enum err_code archive_file_line(struct archive_file_reader *r, const char **line, size_t *n,
                                struct err *e) MUST_CHECK;
bool archive_file_read_torn(const struct archive_file_reader *r);

#endif
