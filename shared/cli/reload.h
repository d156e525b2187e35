/*
 * SIGHUP to a program that stays: settings and secrets are read anew.
 *
 *     reload_open(PROGRAM_LOAD, argc, argv);       // first in main
 *     reload_watch(stop);                          // once the program is known to stay
 *     ...                                          // the program ends as at SIGTERM
 *     if (reload_wanted())
 *         reload_now();                            // last in main, with everything closed
 *
 * The settings are judged first: where they are wrong, that is logged, and the program goes on with those it has. Else it
 * finishes what is under way and begins anew in the same process, from its own file and with its own arguments, so that
 * nothing can be left over of what it read before. Where the program has a terminal SIGHUP says that this has gone, and
 * stops the program.
 */
#ifndef NETTY_SHARED_CLI_RELOAD_H
#define NETTY_SHARED_CLI_RELOAD_H

#include "shared/cli/stop_signals.h"
#include "shared/options/options.h"

/* argv is borrowed. */
void reload_open(enum program program, int argc, char **argv);
void reload_watch(struct stop_signals *s);
bool reload_wanted(void);
/* Returns only where the program cannot be begun anew, which it logs. */
void reload_now(void);
/* One short text for the program that begins anew: what was done once, and is not to be done again. The second returns what
 * the one before has left, "" where there was none. The text goes through the environment: no secrets. */
void reload_leave(const char *text);
const char *reload_left(void);

#endif
