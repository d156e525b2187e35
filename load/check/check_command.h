/* The command `netty-load check`; command.h says how a command is run. */
#ifndef NETTY_LOAD_CHECK_CHECK_COMMAND_H
#define NETTY_LOAD_CHECK_CHECK_COMMAND_H

#include "load/command/command.h"

enum err_code cmd_check(struct command_context *c, struct err *e) MUST_CHECK;

#endif
