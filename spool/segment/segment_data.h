/*
 * Reads the records of a segment: from the plain file while there is one, else from the compressed one.
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
/* total: the bytes of all pages, by the journal's footer; UINT64_MAX: not known. */
enum err_code segment_data_open(struct segment_data **d, const char *dir, uint64_t segment,
                                uint64_t total, struct err *e) MUST_CHECK;
/* Opens the file that d does not read; d stays open. When a spool was copied and the copy was interrupted, both files can be
 * there and each may lack pages that the other has. ERR_IO with e->sys == ENOENT: there is no other file. */
enum err_code segment_data_open_other(struct segment_data **other, const struct segment_data *d,
                                      const char *dir, uint64_t segment, uint64_t total,
                                      struct err *e) MUST_CHECK;
void segment_data_close(struct segment_data *d);
enum segment_file segment_data_kind(const struct segment_data *d); /* SEGMENT_DATA or SEGMENT_ZST */
/* Returns damage that costs no record and should be known (a seek table that cannot be used), or NULL. */
const char *segment_data_complaint(const struct segment_data *d);

/* Goes to byte `offset` of the records, where a page begins. ERR_DAMAGED when no page can begin there; ERR_IO when the disk
 * fails. */
enum err_code segment_data_seek(struct segment_data *d, uint64_t offset, struct err *e) MUST_CHECK;
enum err_code segment_data_read(struct segment_data *d, void *p, size_t n, size_t *got,
                                struct err *e) MUST_CHECK;

#endif
