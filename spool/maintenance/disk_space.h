/*
 * How much room the spool takes, and how much the disk has left.
 */
#ifndef NETTY_SPOOL_MAINTENANCE_DISK_SPACE_H
#define NETTY_SPOOL_MAINTENANCE_DISK_SPACE_H

#include "spool/segment/segment.h"
#include "spool/store/spool.h"

/* Bytes of the segment's files. */
enum err_code disk_space_segment(const char *dir, uint64_t number, int64_t *bytes,
                                 struct err *e) MUST_CHECK;
/* Bytes of all files in the spool. */
enum err_code disk_space_spool(const struct spool *s, int64_t *bytes, struct err *e) MUST_CHECK;
/* Bytes that are on the disk only until a database has them: what is not loaded yet, by
 * loaded.json. */
enum err_code disk_space_waiting(const struct spool *s, int64_t *bytes, struct err *e) MUST_CHECK;
/* Bytes that the disk has left for us. */
enum err_code disk_space_free(const struct spool *s, int64_t *bytes, struct err *e) MUST_CHECK;

/* May the extractor go on? ERR_FULL, with what to do, when the disk has less than `least` left, or
 * when more than `max` waits to be loaded (0: no bound each). What is loaded does not count: it
 * goes when the loader prunes. Looks once a second at most, so that it can be asked before each
 * page; the first time at once. */
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
