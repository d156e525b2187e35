/*
 * Finds the member that is the key of a table's records by looking at records. The name that follows from the table's name
 * (names_key) is only a guess.
 *
 *     record_key_open(&k, "products", e);
 *     record_key_add(k, line, n, e);  ...     // records of one answer, or of a spool's pages
 *     const char *name = record_key_name(k);  // NULL: they have none
 *     record_key_close(k);
 *
 * A key is an integer, or a string of digits, that all records have and no two records share. Where several members are
 * like that, the table's singular with _id is taken (product_id), then id, then the singular with _ref; these three may be
 * missing in up to half of the records. A member of another name is the key only when it is the only candidate.
 * The first RECORD_KEY_RECORDS records and RECORD_KEY_MEMBERS names are looked at; later ones change nothing.
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

/* Adds a record's text. A text that is no JSON object is passed over. */
enum err_code record_key_add(struct record_key *k, const char *text, size_t n,
                             struct err *e) MUST_CHECK;
/* Says that the next records are of another page, so they may repeat records that were added before. */
void record_key_next_page(struct record_key *k);
size_t record_key_records(const struct record_key *k);

/* Returns the key's name, or NULL. The text is valid until the next call for k. */
const char *record_key_name(const struct record_key *k);
/* Does some record have an integer of that name? */
bool record_key_has(const struct record_key *k, const char *name);
/* Is the key's name certain? False when there is none, or when only one record was seen and the name itself does not show
 * that the member is a key: the next record may rule it out. */
bool record_key_certain(const struct record_key *k);

/* Writes the members' names for a person: "id, name, price and 3 others". Returns out. */
#define RECORD_KEY_TEXT 512
const char *record_key_members(const struct record_key *k, char out[RECORD_KEY_TEXT]);

/* Is s[0..n) the text of an integer? Sets *value to it. */
bool record_key_is_whole(const char *s, size_t n, int64_t *value);

#endif
