/*
 * A compressed segment: one zstd frame a page that has records, each with content size and
 * checksum, then a seek table (a skippable frame, zstd's seekable format without its checksums).
 * zstdcat gives the NDJSON.
 *
 * Writing (the sealing worker):
 *     zstd_frames_create(&w, fd, path, e);
 *     zstd_frames_begin(w, bytes, e); zstd_frames_add(w, p, n, e) ...; zstd_frames_end(w, e);  // for each page
 *     zstd_frames_finish(w, e);                                                      // syncs fd
 *     zstd_frames_free(w);                                                           // fd stays open
 *
 * Reading: zstd_frames_open(&f, fd, path, total, e); zstd_frames_seek(f, offset, e); zstd_frames_read(f, ...) ...
 * Messages of damage tell the place in the file, not the file: the caller knows that.
 * The table is believed only when it adds up to the file and to total; otherwise the frames are
 * walked by their own headers. Damage stays within a frame. Constant memory, however many frames.
 */
#ifndef NETTY_SPOOL_SEGMENT_ZSTD_FRAMES_H
#define NETTY_SPOOL_SEGMENT_ZSTD_FRAMES_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

struct zstd_frames_out;
enum err_code zstd_frames_create(struct zstd_frames_out **w, int fd, const char *path,
                                 struct err *e) MUST_CHECK;
enum err_code zstd_frames_begin(struct zstd_frames_out *w, uint64_t bytes,
                                struct err *e) MUST_CHECK;
enum err_code zstd_frames_add(struct zstd_frames_out *w, const void *p, size_t n,
                              struct err *e) MUST_CHECK;
enum err_code zstd_frames_end(struct zstd_frames_out *w, struct err *e) MUST_CHECK;
enum err_code zstd_frames_finish(struct zstd_frames_out *w, struct err *e) MUST_CHECK;
/* A frame that was written to fd in another way: it gets its entry. */
enum err_code zstd_frames_adopt(struct zstd_frames_out *w, uint64_t compressed, uint64_t bytes,
                                struct err *e) MUST_CHECK;
void zstd_frames_free(struct zstd_frames_out *w);

struct zstd_frames;
/* fd and path stay the caller's. total: bytes of all pages as the journal says; UINT64_MAX: not
 * known. */
enum err_code zstd_frames_open(struct zstd_frames **f, int fd, const char *path, uint64_t total,
                               struct err *e) MUST_CHECK;
void zstd_frames_close(struct zstd_frames *f);
/* Was the table damaged, so that frames are walked? What is wrong with it, or NULL. */
const char *zstd_frames_complaint(const struct zstd_frames *f);
/* Each frame in turn from the file's beginning (at 0), by its own headers; *compressed is 0 where
 * none begins. at: where the one before ended. */
enum err_code zstd_frames_walk(struct zstd_frames *f, uint64_t at, uint64_t *compressed,
                               uint64_t *bytes, struct err *e) MUST_CHECK;
/* To the frame that begins at this byte of the NDJSON. ERR_DAMAGED when none does. */
enum err_code zstd_frames_seek(struct zstd_frames *f, uint64_t offset, struct err *e) MUST_CHECK;
/* Up to n bytes of the frame; *got < n at its end. ERR_DAMAGED with the compressed file's byte. */
enum err_code zstd_frames_read(struct zstd_frames *f, void *p, size_t n, size_t *got,
                               struct err *e) MUST_CHECK;

#endif
