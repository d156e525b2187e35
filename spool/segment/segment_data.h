/*
 * The records of a segment, wherever they are: in the plain file while there is one, else in the
 * compressed one.
 *
 *     segment_data_open(&d, dir, 7, total, e);     // ERR_IO with e->sys == ENOENT: neither file is there
 *     segment_data_seek(d, page.offset, e);
 *     segment_data_read(d, p, n, &got, e);         // got < n: the file (or the page's frame) ends
 */
#ifndef NETTY_SPOOL_SEGMENT_SEGMENT_DATA_H
#define NETTY_SPOOL_SEGMENT_SEGMENT_DATA_H

#include "shared/base/err.h"
#include "spool/segment/segment.h"

struct segment_data;
/* total: the bytes of all pages where they are known (the journal's footer), else UINT64_MAX. */
enum err_code segment_data_open(struct segment_data **d, const char *dir, uint64_t segment,
                                uint64_t total, struct err *e) MUST_CHECK;
/* The other file than that of d, which stays open: where both are there each may hold pages that the other, whose copy was broken off,
 * does not. ERR_IO with e->sys == ENOENT: there is none. */
enum err_code segment_data_open_other(struct segment_data **other, const struct segment_data *d,
                                      const char *dir, uint64_t segment, uint64_t total,
                                      struct err *e) MUST_CHECK;
void segment_data_close(struct segment_data *d);
enum segment_file segment_data_kind(const struct segment_data *d); /* SEGMENT_DATA or SEGMENT_ZST */
/* Damage that costs no record but should be known (a seek table that had to be done without), or
 * NULL. */
const char *segment_data_complaint(const struct segment_data *d);

/* To the beginning of a page. ERR_DAMAGED when there can be none there; ERR_IO when the disk fails.
 */
enum err_code segment_data_seek(struct segment_data *d, uint64_t offset, struct err *e) MUST_CHECK;
enum err_code segment_data_read(struct segment_data *d, void *p, size_t n, size_t *got,
                                struct err *e) MUST_CHECK;

#endif
