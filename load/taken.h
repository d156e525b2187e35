/*
 * Rows of one table that fit a condition, into a file (load/keep.h) and out of the database
 * (load/mover.h); and the command's summary row of it: table rows bytes file seconds.
 */
#ifndef NETTY_LOAD_TAKEN_H
#define NETTY_LOAD_TAKEN_H

#include "load/cmd.h"

struct taken_conf {
    const char *condition; /* load/mover.h */
    const char *dir;       /* of the files */
};

enum err_code taken_run(struct cmd *c, const struct target *t, const struct taken_conf *conf,
                        struct err *e) MUST_CHECK;

#endif
