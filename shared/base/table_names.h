/*
 * How the API's tables, the database's tables and their keys are named (NETTY.md).
 */
#ifndef NETTY_SHARED_BASE_TABLE_NAMES_H
#define NETTY_SHARED_BASE_TABLE_NAMES_H

#include "shared/base/err.h"
#include <stddef.h>

/* PostgreSQL cuts names at 63 bytes and "netty-" takes six. */
#define NAMES_TABLE_MAX       57
#define NAMES_RELATION_PREFIX "netty-"

/* Letters a-z A-Z, digits, `_` and `-`, starting with a letter: what is safe as a URL part, a
 * folder and a relation. Otherwise ERR_USAGE with the name and where it came from. */
enum err_code names_check_table(const char *table, const char *origin, struct err *e) MUST_CHECK;

/* contacts -> contact_id, companies -> company_id, properties -> property_id. */
void names_key(const char *table, char out[NAMES_TABLE_MAX + 8]);

/* contacts -> netty-contacts */
void names_relation(const char *table, char out[NAMES_TABLE_MAX + 8]);

/* How many letters were put in, left out or changed between the two: tells a slip of the pen. Names longer than
 * NAMES_TABLE_MAX differ by that much. */
unsigned names_distance(const char *a, const char *b);

#endif
