/*
 * What a table's records in the spool say of its key (shared/json/record_key.h): the key column for a table that is to be made, and
 * whether the key column of an existing table is a member of the records. Reads the spool's first pages, at most RECORD_KEY_RECORDS
 * records.
 */
#ifndef NETTY_LOAD_TARGET_TABLE_KEY_H
#define NETTY_LOAD_TARGET_TABLE_KEY_H

#include "shared/json/record_key.h"
#include "spool/store/spool.h"

/* Finds the name of the records' key; if there is no record yet, the usual name (shared/base/table_names.h). Fails with ERR_CONFIG, and
 * says which members they have, if none is a key. */
enum err_code table_key_find(const struct spool *s, const char *table, char name[RECORD_KEY_NAME],
                             struct err *e) MUST_CHECK;

/* Fails with ERR_CONFIG if there are at least `least` records, and none has an integer of that name. */
enum err_code table_key_check(const struct spool *s, const char *table, const char *key,
                              size_t least, struct err *e) MUST_CHECK;

#endif
