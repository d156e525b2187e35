/*
 * The digest of a table's records, which does not depend on their order. FORMAT.md, section 13, says what
 * it covers; load/sql/digest.sql computes the same in the database.
 *
 *     record_digest_open(&d, capacity, e);
 *     do {
 *         record_digest_begin(d);
 *         for all versions of all records: record_digest_add(d, key, time);
 *     } while (record_digest_again(d));
 *     record_digest_result(d, text, &records);
 *
 * Memory is that of `capacity` records (16 bytes each). If the table has more, it is read several times,
 * each time for a part of the keys.
 */
#ifndef NETTY_SPOOL_FORMAT_RECORD_DIGEST_H
#define NETTY_SPOOL_FORMAT_RECORD_DIGEST_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define RECORD_DIGEST_TEXT 33

struct record_digest;
enum err_code record_digest_open(struct record_digest **d, size_t capacity,
                                 struct err *e) MUST_CHECK;
void record_digest_close(struct record_digest *d);

void record_digest_begin(struct record_digest *d);
/* Adds a version of a record. time: microseconds, or WHEN_NONE. Of a key's versions the greatest time counts. */
void record_digest_add(struct record_digest *d, int64_t key, int64_t time);
/* Returns true when all versions must be added once more. */
bool record_digest_again(struct record_digest *d);
void record_digest_result(const struct record_digest *d, char text[RECORD_DIGEST_TEXT],
                          uint64_t *records);

#endif
