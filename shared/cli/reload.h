/*
 * SIGHUP to a program that stays running: it reads settings and secrets anew.
 *
 *     reload_open(PROGRAM_LOAD, argc, argv);       // first in main
 *     reload_watch(stop);                          // once the program is known to stay
 *     ...                                          // the program ends as at SIGTERM
 *     if (reload_wanted())
 *         reload_now();                            // last in main, with everything closed
 *
 * At SIGHUP the new settings are judged first. If they are wrong, this is logged, and the program goes on with the settings
 * that it has. If they are right, the program finishes the work at hand and then executes itself anew in the same process,
 * with the same arguments, so that nothing of the old settings can be left over. In a program that has a terminal, SIGHUP
 * means that the terminal has gone, and stops the program.
 */
#ifndef NETTY_SHARED_CLI_RELOAD_H
#define NETTY_SHARED_CLI_RELOAD_H

#include "shared/cli/stop_signals.h"
#include "shared/options/options.h"

/* argv is borrowed. */
void reload_open(enum program program, int argc, char **argv);
void reload_watch(struct stop_signals *s);
bool reload_wanted(void);
/* Executes the program anew. Returns only when that fails, which is logged. */
void reload_now(void);
/* reload_leave leaves one short text for the program that begins anew: what has been done once and must not be done again.
 * reload_left returns the text that was left, or "". The text goes through the environment, so it may hold no secret. */
void reload_leave(const char *text);
const char *reload_left(void);

#endif
