/* The command `netty-load views`; command.h says how a command is run. */
#ifndef NETTY_LOAD_VIEWS_VIEWS_COMMAND_H
#define NETTY_LOAD_VIEWS_VIEWS_COMMAND_H

#include "load/command/command.h"

enum err_code cmd_views(struct command_context *c, struct err *e) MUST_CHECK;

#endif
