/*
 * The push's inside, shared by its halves: push.c knows which objects there are, push_collect.c what goes into one.
 */
#ifndef NETTY_SPOOL_REMOTE_PUSH_PRIVATE_H
#define NETTY_SPOOL_REMOTE_PUSH_PRIVATE_H

#include "spool/remote/push.h"

/* Is there anything beyond the note but positions: new records, or a changed small file? */
enum err_code push_has_news(const struct spool *s, const struct ship_note *note, bool *news,
                            struct err *e) MUST_CHECK;
/* Adds what is acknowledged and beyond the note, and moves the note. *more: not all has found room. */
enum err_code push_collect(const struct spool *s, struct object_writer *w, struct ship_note *note,
                           struct ship_report *report, bool *more, struct err *e) MUST_CHECK;

/* The small files (push_files.c) of a table, "" for the spool's own: their hash; and into an object all of them, or, where nothing
 * of the table has changed, the few that tell how far it is. */
enum err_code push_files_hash(const struct spool *s, const char *table, uint64_t *hash,
                              struct err *e) MUST_CHECK;
enum err_code push_files_add(const struct spool *s, const char *table, bool changed,
                             struct object_writer *w, struct err *e) MUST_CHECK;

#endif
