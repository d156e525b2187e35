/*
 * A compressed segment: one zstd frame a page that has records, each with content size and
 * checksum, then a seek table (a skippable frame, zstd's seekable format without its checksums).
 * zstdcat gives the NDJSON.
 *
 * Writing (the sealing worker):
 *     frames_create(&w, fd, path, e);
 *     frames_begin(w, bytes, e); frames_add(w, p, n, e) ...; frames_end(w, e);  // for each page
 *     frames_finish(w, e);                                                      // syncs fd
 *     frames_free(w);                                                           // fd stays open
 *
 * Reading: frames_open(&f, fd, path, total, e); frames_seek(f, offset, e); frames_read(f, ...) ...
 * Messages of damage tell the place in the file, not the file: the caller knows that.
 * The table is believed only when it adds up to the file and to total; otherwise the frames are
 * walked by their own headers. Damage stays within a frame. Constant memory, however many frames.
 */
#ifndef NETTY_SPOOL_SEGMENT_ZSTD_FRAMES_H
#define NETTY_SPOOL_SEGMENT_ZSTD_FRAMES_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

struct frames_out;
enum err_code frames_create(struct frames_out **w, int fd, const char *path,
                            struct err *e) MUST_CHECK;
enum err_code frames_begin(struct frames_out *w, uint64_t bytes, struct err *e) MUST_CHECK;
enum err_code frames_add(struct frames_out *w, const void *p, size_t n, struct err *e) MUST_CHECK;
enum err_code frames_end(struct frames_out *w, struct err *e) MUST_CHECK;
enum err_code frames_finish(struct frames_out *w, struct err *e) MUST_CHECK;
/* A frame that was written to fd in another way: it gets its entry. */
enum err_code frames_adopt(struct frames_out *w, uint64_t compressed, uint64_t bytes,
                           struct err *e) MUST_CHECK;
void frames_free(struct frames_out *w);

struct frames;
/* fd and path stay the caller's. total: bytes of all pages as the journal says; UINT64_MAX: not
 * known. */
enum err_code frames_open(struct frames **f, int fd, const char *path, uint64_t total,
                          struct err *e) MUST_CHECK;
void frames_close(struct frames *f);
/* Was the table damaged, so that frames are walked? What is wrong with it, or NULL. */
const char *frames_complaint(const struct frames *f);
/* Each frame in turn from the file's beginning (at 0), by its own headers; *compressed is 0 where
 * none begins. at: where the one before ended. */
enum err_code frames_walk(struct frames *f, uint64_t at, uint64_t *compressed, uint64_t *bytes,
                          struct err *e) MUST_CHECK;
/* To the frame that begins at this byte of the NDJSON. ERR_DAMAGED when none does. */
enum err_code frames_seek(struct frames *f, uint64_t offset, struct err *e) MUST_CHECK;
/* Up to n bytes of the frame; *got < n at its end. ERR_DAMAGED with the compressed file's byte. */
enum err_code frames_read(struct frames *f, void *p, size_t n, size_t *got,
                          struct err *e) MUST_CHECK;

#endif
