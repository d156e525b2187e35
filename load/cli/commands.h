/* The commands of netty-load: the table that command.h works from. A new command is added in commands.c. */
#ifndef NETTY_LOAD_CLI_COMMANDS_H
#define NETTY_LOAD_CLI_COMMANDS_H

#include "load/command/command.h"

extern const struct commands load_commands;

#endif
