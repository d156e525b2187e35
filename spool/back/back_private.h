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

/* The same for an object that is this spool's as a whole. */
enum err_code back_install(const struct spool *s, struct object_reader *r, const char *folder,
                           struct ship_note *note, struct err *e) MUST_CHECK;

#endif
