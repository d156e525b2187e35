/*
 * The records of a segment, wherever they are: in the plain file while there is one, else in the
 * compressed one.
 *
 *     data_open(&d, dir, 7, total, e);     // ERR_IO with e->sys == ENOENT: neither file is there
 *     data_seek(d, page.offset, e);
 *     data_read(d, p, n, &got, e);         // got < n: the file (or the page's frame) ends
 */
#ifndef NETTY_SPOOL_SEGMENT_SEGMENT_DATA_H
#define NETTY_SPOOL_SEGMENT_SEGMENT_DATA_H

#include "shared/base/err.h"
#include "spool/segment/segment.h"

struct data;
/* total: the bytes of all pages where they are known (the journal's footer), else UINT64_MAX. */
enum err_code data_open(struct data **d, const char *dir, uint64_t segment, uint64_t total,
                        struct err *e) MUST_CHECK;
void data_close(struct data *d);
enum segment_file data_kind(const struct data *d); /* SEGMENT_DATA or SEGMENT_ZST */
/* Damage that costs no record but should be known (a seek table that had to be done without), or
 * NULL. */
const char *data_complaint(const struct data *d);

/* To the beginning of a page. ERR_DAMAGED when there can be none there; ERR_IO when the disk fails.
 */
enum err_code data_seek(struct data *d, uint64_t offset, struct err *e) MUST_CHECK;
enum err_code data_read(struct data *d, void *p, size_t n, size_t *got, struct err *e) MUST_CHECK;

#endif
