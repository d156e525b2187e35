/*
 * netty-manual, a program of the build only: makes the man pages and the shells' completion from the
 * option table, the command table and the exit codes, so that they cannot say anything else than the
 * programs do.
 *
 *     netty-manual page PROGRAM <netty-load.1.in >netty-load.1
 *     netty-manual bash|zsh PROGRAM >netty-load
 *
 * A page is written by hand (mdoc, beside the program that it is of) but for lines that are a mark
 * alone, in whose place comes what the tables tell:
 *
 *     @OPTIONS@    the program's options                      needed in a program's page
 *     @SETTINGS@   those that are not for the command line    needed where the program has such
 *     @COMMANDS@   its commands                               needed where the program has such
 *     @EXIT@       exit codes                                 needed in a program's page
 *     @KEYS@       all settings of the configuration file     needed in the page of PROGRAM `conf`
 *
 * It fails, and with it the build, where an option or a command has no help or no example, or a mark
 * is missing, twice there, or unknown.
 */
#ifndef NETTY_SHARED_MANUAL_MANUAL_H
#define NETTY_SHARED_MANUAL_MANUAL_H

#include "shared/options/options.h"
#include <stdio.h>

/* mdoc.c */
void mdoc_options(FILE *out, enum program program, bool by_switch);
void mdoc_commands(FILE *out, enum program program);
void mdoc_exit(FILE *out);
void mdoc_keys(FILE *out);
/* text as mdoc's running text: sentences begin lines, `words` are bold. */
void mdoc_text(FILE *out, const char *text);

/* shell.c; name is the program's, "netty-load" */
void shell_bash(FILE *out, enum program program, const char *name);
void shell_zsh(FILE *out, enum program program, const char *name);

static inline bool manual_of(const struct option_def *d, enum program program)
{
    return (d->programs & (unsigned)program) != 0;
}
static inline bool manual_by_switch(const struct option_def *d)
{
    return (d->marks & OPTION_NO_SWITCH) == 0;
}

#endif
