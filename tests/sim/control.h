/*
 * The other side of the stand-in, under /_sim/: the truth, changes, moods, the clock and the log of
 * requests. No key is needed; README.md lists the paths.
 */
#ifndef NETTY_TESTS_SIM_CONTROL_H
#define NETTY_TESTS_SIM_CONTROL_H

#include "tests/sim/api/serve.h"
#include "tests/sim/api/world.h"

/* path is what follows "/_sim/". post: the request's method. Takes the lock itself; bad requests
 * become answers. The truth is not answered here: see below. */
enum err_code control(struct world *w, const char *path, bool post, const struct request *request,
                      struct reply *reply, struct err *e) MUST_CHECK;

/* All of a table's records as they are at this moment, by id, one a line, in pieces. */
struct truth;
/* NULL in *truth: there is no such table. */
enum err_code truth_open(struct truth **truth, struct world *w, const char *table,
                         struct err *e) MUST_CHECK;
/* Fills out with up to max bytes; *n is 0 at the end. */
enum err_code truth_read(struct truth *truth, char *out, size_t max, size_t *n) MUST_CHECK;
void truth_close(struct truth *truth);

#endif
