/*
 * netty-manual, a program of the build only: makes the man pages and the shells' completion from the
 * option table, the command table and the exit codes, so that they cannot differ from the programs.
 *
 *     netty-manual page PROGRAM <netty-load.1.in >netty-load.1
 *     netty-manual bash|zsh PROGRAM >netty-load
 *
 * A page is written by hand, in mdoc, beside its program. Lines that consist of a mark are replaced by
 * text made from the tables:
 *
 *     @OPTIONS@    the program's options                           required in a program's page
 *     @SETTINGS@   its settings that are no command-line options   required where there are any
 *     @COMMANDS@   its commands                                    required where there are any
 *     @EXIT@       the exit codes                                  required in a program's page
 *     @KEYS@       all settings of the configuration file          required in the page of PROGRAM `conf`
 *
 * netty-manual fails, and with it the build, when an option or a command has no help or no example, or
 * when a mark is missing, unknown, or there twice.
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
/* Writes text as mdoc's running text: each sentence begins a line, `words` in back quotes are bold. */
void mdoc_text(FILE *out, const char *text);

/* shell.c; name is the program's name, "netty-load" */
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
