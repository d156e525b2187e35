/*
 * Shared by the files behind push.h: push.c knows which objects there are, push_collect.c and push_files.c what goes into one.
 */
#ifndef NETTY_SPOOL_REMOTE_PUSH_PRIVATE_H
#define NETTY_SPOOL_REMOTE_PUSH_PRIVATE_H

#include "spool/remote/push.h"

/* push_files.c: the small files of a table, or, for "", those in the spool's own folder. push_files_hash computes one hash of them.
 * push_files_ahead adds those that must be read before the pages, push_files_add all others, or, when nothing of the table has changed,
 * the few that say how far it is. The roll can be large: it goes along when it is another one than *roll, its hash, which is updated. */
enum err_code push_files_hash(const struct spool *s, const char *table, uint64_t *hash,
                              struct err *e) MUST_CHECK;
enum err_code push_files_ahead(const struct spool *s, const char *table, struct object_writer *w,
                               struct err *e) MUST_CHECK;
enum err_code push_files_add(const struct spool *s, const char *table, bool changed, uint64_t *roll,
                             struct object_writer *w, struct err *e) MUST_CHECK;

#endif
