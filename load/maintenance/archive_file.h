/*
 * Rows that leave the database, as files: NDJSON, one row a line with all its columns, compressed
 * with zstd, one frame a batch. `zstdcat` shows them.
 *
 * Writing:
 *     keep_open(&k, dir, "contacts", e);     // makes nothing yet
 *     keep_add(k, line, n, e) ...            // one row, without line end
 *     keep_commit(k, e);                     // what was added is durable: now the rows may go
 *     keep_close(k);
 *
 * The file, <dir>/<table>-<time>.ndjson.zst, is made with the first rows; the folder has mode 0700,
 * the file 0600. A batch is appended whole and synced, and only then are its rows removed. So after
 * a crash the file holds every row that has gone, perhaps some that have not, and perhaps ends
 * within a frame, whose rows have not. A file that could not be written or synced is not written to
 * again. Sizes are bounded by the batch's.
 *
 * Reading:
 *     keep_read_open(&r, path, e);
 *     while (keep_line(r, &line, &n, e) == OK && line != NULL) ...
 *     keep_read_torn(r)                      // it ended within a frame
 *     keep_read_close(r);
 *
 * Nothing of a frame is handed out before its checksum was right.
 */
#ifndef NETTY_LOAD_MAINTENANCE_ARCHIVE_FILE_H
#define NETTY_LOAD_MAINTENANCE_ARCHIVE_FILE_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define KEEP_FRAME_MAX ((size_t)1 << 30) /* of a batch, not compressed */

struct keep;
enum err_code keep_open(struct keep **k, const char *dir, const char *table,
                        struct err *e) MUST_CHECK;
void keep_close(struct keep *k);
enum err_code keep_add(struct keep *k, const char *line, size_t n, struct err *e) MUST_CHECK;
void keep_drop(struct keep *k); /* what was added since the last keep_commit */
enum err_code keep_commit(struct keep *k, struct err *e) MUST_CHECK;
const char *keep_path(const struct keep *k); /* NULL: no file has been made */
uint64_t keep_bytes(const struct keep *k);   /* of rows that are durable, not compressed */

struct keep_reader;
enum err_code keep_read_open(struct keep_reader **r, const char *path, struct err *e) MUST_CHECK;
void keep_read_close(struct keep_reader *r);
/* *line is NULL at the end; it lives until the next call. ERR_DAMAGED with the file and frame. */
enum err_code keep_line(struct keep_reader *r, const char **line, size_t *n,
                        struct err *e) MUST_CHECK;
bool keep_read_torn(const struct keep_reader *r);

#endif
