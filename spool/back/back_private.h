/*
 * What an object of the way back holds: back_files.c gathers it in the pulled spool, back_install.c puts it into the pushed one.
 */
#ifndef NETTY_SPOOL_BACK_BACK_PRIVATE_H
#define NETTY_SPOOL_BACK_BACK_PRIVATE_H

#include "spool/back/back.h"
#include "spool/remote/ship_note.h"

#define BACK_FOLDER "back"

/* "back/ID/0000000007.netty" */
void back_name(char out[REMOTE_OBJECT_MAX], const char *id, uint64_t number);

/* A hash of what is told, but for the times at which it was found: the same where there is nothing new. */
enum err_code back_news(const struct spool *s, uint64_t *hash, struct err *e) MUST_CHECK;
enum err_code back_add_files(const struct spool *s, struct object_writer *w,
                             struct err *e) MUST_CHECK;
/* Removes wishes that have arrived: the pushed spool's own refetch.json, which came along since, is not older, and asks for as much. */
enum err_code back_drop_wishes(const struct spool *s, struct err *e) MUST_CHECK;

/* Unpacks the object into the folder, which becomes a spool without pages, and takes over what is newer. note: of the puller; its
 * tables are told what that one has. */
enum err_code back_install(const struct spool *s, struct object_reader *r, const char *folder,
                           struct ship_note *note, struct err *e) MUST_CHECK;

#endif
