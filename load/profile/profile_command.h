/* The command `netty-load profile`; command.h says how a command is run. */
#ifndef NETTY_LOAD_PROFILE_PROFILE_COMMAND_H
#define NETTY_LOAD_PROFILE_PROFILE_COMMAND_H

#include "load/command/command.h"

enum err_code cmd_profile(struct command_context *c, struct err *e) MUST_CHECK;

#endif
