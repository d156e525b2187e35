/*
 * A compressed segment: one zstd frame for each page that has records, with content size and checksum,
 * then a seek table (a skippable frame, zstd's seekable format without its checksums). zstdcat gives the
 * NDJSON.
 *
 * Writing (the sealing worker):
 *     zstd_frames_create(&w, fd, path, e);
 *     zstd_frames_whole(w, p, n, e);      // for each page of at most ZSTD_FRAMES_WHOLE bytes; for any page:
 *     zstd_frames_begin(w, bytes, e); zstd_frames_add(w, p, n, e) ...; zstd_frames_end(w, e);
 *     zstd_frames_finish(w, e);                                                      // syncs fd
 *     zstd_frames_free(w);                                                           // fd stays open
 *
 * Reading: zstd_frames_open(&f, fd, path, total, e); zstd_frames_seek(f, offset, e); zstd_frames_read(f, ...) ...
 * Messages about damage have the byte in the file, not the file's name, which the caller knows.
 * The seek table is used only when its sizes add up to the file's size and to total; otherwise the frames are
 * found one after the other by their own headers. Damage of a frame does not affect the others. Memory
 * does not depend on the number of frames.
 */
#ifndef NETTY_SPOOL_SEGMENT_ZSTD_FRAMES_H
#define NETTY_SPOOL_SEGMENT_ZSTD_FRAMES_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define ZSTD_FRAMES_WHOLE ((size_t)160 << 10)

struct zstd_frames_out;
enum err_code zstd_frames_create(struct zstd_frames_out **w, int fd, const char *path,
                                 struct err *e) MUST_CHECK;
enum err_code zstd_frames_begin(struct zstd_frames_out *w, uint64_t bytes,
                                struct err *e) MUST_CHECK;
enum err_code zstd_frames_add(struct zstd_frames_out *w, const void *p, size_t n,
                              struct err *e) MUST_CHECK;
enum err_code zstd_frames_end(struct zstd_frames_out *w, struct err *e) MUST_CHECK;
enum err_code zstd_frames_whole(struct zstd_frames_out *w, const void *p, size_t n,
                                struct err *e) MUST_CHECK;
enum err_code zstd_frames_finish(struct zstd_frames_out *w, struct err *e) MUST_CHECK;
/* Adds an entry to the seek table for a frame that the caller has written to fd itself. Not to be mixed with frames that are
 * begun, whose bytes are gathered before they are written. */
enum err_code zstd_frames_adopt(struct zstd_frames_out *w, uint64_t compressed, uint64_t bytes,
                                struct err *e) MUST_CHECK;
void zstd_frames_free(struct zstd_frames_out *w);

struct zstd_frames;
/* fd and path are borrowed. total: the bytes of all pages, by the journal; UINT64_MAX: not known. */
enum err_code zstd_frames_open(struct zstd_frames **f, int fd, const char *path, uint64_t total,
                               struct err *e) MUST_CHECK;
void zstd_frames_close(struct zstd_frames *f);
/* Returns what is wrong with the seek table, so that the frames' own headers are used; NULL: nothing. */
const char *zstd_frames_complaint(const struct zstd_frames *f);
/* Measures the frame that begins at byte `at` of the file, by its own headers: for the first frame `at` is 0, for each further
 * one the end of the frame before. *compressed is 0 where no frame begins. */
enum err_code zstd_frames_walk(struct zstd_frames *f, uint64_t at, uint64_t *compressed,
                               uint64_t *bytes, struct err *e) MUST_CHECK;
/* Goes to the frame that begins at this byte of the NDJSON. ERR_DAMAGED when none begins there. */
enum err_code zstd_frames_seek(struct zstd_frames *f, uint64_t offset, struct err *e) MUST_CHECK;
/* Reads up to n bytes of the frame; *got is less than n at its end. ERR_DAMAGED; the message has the byte of the compressed
 * file. */
enum err_code zstd_frames_read(struct zstd_frames *f, void *p, size_t n, size_t *got,
                               struct err *e) MUST_CHECK;

#endif
