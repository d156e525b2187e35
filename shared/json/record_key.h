/*
 * Which member of a table's records is their key, as the records themselves tell: NETTY.md's rule for its name is a guess.
 *
 *     record_key_open(&k, "products", e);
 *     record_key_add(k, line, n, e);  ...     // records of one answer, or of a spool's pages
 *     const char *name = record_key_name(k);  // NULL: they have none
 *     record_key_close(k);
 *
 * A key is an integer (or a string of digits), in all the records and in no two alike. Of several members, the
 * table's singular with _id comes first (product_id), then id, then the singular with _ref; else it is the only
 * one. The first three may be missing in up to half of the records.
 * Looks at the first RECORD_KEY_RECORDS records and at RECORD_KEY_MEMBERS names; the others change nothing.
 */
#ifndef NETTY_SHARED_JSON_RECORD_KEY_H
#define NETTY_SHARED_JSON_RECORD_KEY_H

#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_KEY_NAME                                                                            \
    64 /* bytes of a name with its end: what a column of PostgreSQL can be called */
#define RECORD_KEY_RECORDS 256
#define RECORD_KEY_MEMBERS 128

struct record_key;
enum err_code record_key_open(struct record_key **k, const char *table, struct err *e) MUST_CHECK;
void record_key_close(struct record_key *k);
void record_key_reset(struct record_key *k);

/* A record's text; one that is no JSON object is passed over. */
enum err_code record_key_add(struct record_key *k, const char *text, size_t n,
                             struct err *e) MUST_CHECK;
/* The records to come are of another answer: they may be those that were added before, once more. */
void record_key_next_page(struct record_key *k);
size_t record_key_records(const struct record_key *k);

/* The key's name, or NULL; good until the next call for k. */
const char *record_key_name(const struct record_key *k);
/* Some record has an integer of that name. */
bool record_key_has(const struct record_key *k, const char *name);
/* False: the only record tells of it, so that another one may tell otherwise. */
bool record_key_certain(const struct record_key *k);

/* The members' names, for a person: "id, name, price and 3 others". */
#define RECORD_KEY_TEXT 512
const char *record_key_members(const struct record_key *k, char out[RECORD_KEY_TEXT]);

/* The text of an integer, as a number or a string has it. */
bool record_key_is_whole(const char *s, size_t n, int64_t *value);

#endif
