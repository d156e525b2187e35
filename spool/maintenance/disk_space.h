/*
 * How many bytes the spool takes, and how many the disk has left.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_DISK_SPACE_H
#define NETTY_SPOOL_MAINTENANCE_DISK_SPACE_H

#include "spool/segment/segment.h"
#include "spool/store/spool.h"

/* Bytes of one segment's files. */
enum err_code disk_space_segment(const char *dir, uint64_t number, int64_t *bytes,
                                 struct err *e) MUST_CHECK;
/* Bytes of all files in the spool. */
enum err_code disk_space_spool(const struct spool *s, int64_t *bytes, struct err *e) MUST_CHECK;
/* Bytes of the pages that are not loaded yet, by loaded.json. */
enum err_code disk_space_waiting(const struct spool *s, int64_t *bytes, struct err *e) MUST_CHECK;
/* Bytes that the disk has left for this user. */
enum err_code disk_space_free(const struct spool *s, int64_t *bytes, struct err *e) MUST_CHECK;

/* May the extractor go on? disk_space_check fails with ERR_FULL, and says what to do, when the disk has less than `least` bytes
 * left, or when more than `max` bytes wait to be loaded (0: no bound). Loaded pages do not count, because the loader prunes them.
 * It looks once a second at most, so it can be called before each page; the first call looks at once. */
struct disk_space;
struct disk_space_conf {
    int64_t max;
    int64_t least;
};
enum err_code disk_space_open(struct disk_space **r, const struct spool *s,
                              const struct disk_space_conf *conf, struct err *e) MUST_CHECK;
enum err_code disk_space_check(struct disk_space *r, struct err *e) MUST_CHECK;
void disk_space_close(struct disk_space *r);

#endif
