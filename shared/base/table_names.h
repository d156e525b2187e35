/*
 * Names: which names of the API's tables are allowed, and the names of a table's key and of its relation in the database
 * that follow from them.
 */
#ifndef NETTY_SHARED_BASE_TABLE_NAMES_H
#define NETTY_SHARED_BASE_TABLE_NAMES_H

#include "shared/base/err.h"
#include <stddef.h>

/* PostgreSQL cuts names at 63 bytes, and "netty-" takes six of them. */
#define NAMES_TABLE_MAX       57
#define NAMES_RELATION_PREFIX "netty-"

/* Accepts letters a-z A-Z, digits, `_` and `-`, a letter first: a name that is safe in a URL, as a
 * folder and as a relation. Fails with ERR_USAGE for other names; the message has the name and origin,
 * which says where the name came from. */
enum err_code names_check_table(const char *table, const char *origin, struct err *e) MUST_CHECK;

/* The key that a table's records have as a rule: contacts -> contact_id, companies -> company_id,
 * properties -> property_id. */
void names_key(const char *table, char out[NAMES_TABLE_MAX + 8]);

/* contacts -> netty-contacts */
void names_relation(const char *table, char out[NAMES_TABLE_MAX + 8]);

/* Returns how many letters must be added, dropped, changed or swapped with their neighbour to make b of a (the Damerau-Levenshtein
 * distance, each letter moved at most once), to find the name of a table, an option or an account that a misspelt one was meant to
 * be. Returns NAMES_TABLE_MAX where either name is longer than that. */
unsigned names_distance(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
