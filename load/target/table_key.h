/*
 * What the records of a table in the spool say of its key (shared/json/record_key.h): which column a table that is made
 * gets, and whether the one that a table has is any of theirs. The spool's first pages are read, no more than
 * RECORD_KEY_RECORDS records.
 */
#ifndef NETTY_LOAD_TARGET_TABLE_KEY_H
#define NETTY_LOAD_TARGET_TABLE_KEY_H

#include "shared/json/record_key.h"
#include "spool/store/spool.h"

/* The name of the records' key; the usual one (shared/base/table_names.h) while there is no record. ERR_CONFIG, with what they have
 * instead: they have none. */
enum err_code table_key_find(const struct spool *s, const char *table, char name[RECORD_KEY_NAME],
                             struct err *e) MUST_CHECK;

/* ERR_CONFIG: there are at least `least` records, and none has an integer of that name. */
enum err_code table_key_check(const struct spool *s, const char *table, const char *key,
                              size_t least, struct err *e) MUST_CHECK;

#endif
