/*
 * The digest of a table's records, whatever their order: FORMAT.md, section 13, says what it
 * covers, and load/sql/digest.sql computes the same in the database.
 *
 *     digest_open(&d, room, e);
 *     do {
 *         digest_begin(d);
 *         for all versions of all records: digest_add(d, key, time);
 *     } while (digest_again(d));
 *     digest_result(d, text, &records);
 *
 * Memory is `room` records' worth (16 bytes each), however many there are: with more of them, the
 * table is read several times, each time for a part of the keys.
 */
#ifndef NETTY_SPOOL_FORMAT_RECORD_DIGEST_H
#define NETTY_SPOOL_FORMAT_RECORD_DIGEST_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define DIGEST_TEXT 33

struct digest;
enum err_code digest_open(struct digest **d, size_t room, struct err *e) MUST_CHECK;
void digest_close(struct digest *d);

void digest_begin(struct digest *d);
/* time: microseconds, or WHEN_NONE. The greatest of a key counts. */
void digest_add(struct digest *d, int64_t key, int64_t time);
/* true: all versions are to be added once more. */
bool digest_again(struct digest *d);
void digest_result(const struct digest *d, char text[DIGEST_TEXT], uint64_t *records);

#endif
