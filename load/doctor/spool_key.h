/* Whether the spool's records have a member with the name of the table's key column. One record is looked at. */
#ifndef NETTY_LOAD_DOCTOR_SPOOL_KEY_H
#define NETTY_LOAD_DOCTOR_SPOOL_KEY_H

#include "spool/store/spool.h"

enum spool_key {
    SPOOL_KEY_UNKNOWN, /* no spool, no such table in it, or no record that can be read */
    SPOOL_KEY_FOUND,
    SPOOL_KEY_MISSING
};

/* s may be NULL. */
enum spool_key spool_key_look(const struct spool *s, const char *table, const char *key);

#endif
