/* The commands that look after what is loaded; command.h says how a command is run. */
#ifndef NETTY_LOAD_MAINTENANCE_MAINTENANCE_H
#define NETTY_LOAD_MAINTENANCE_MAINTENANCE_H

#include "load/command/command.h"

enum err_code cmd_archive(struct command_context *c, struct err *e) MUST_CHECK;
enum err_code cmd_compress(struct command_context *c, struct err *e) MUST_CHECK;
enum err_code cmd_index(struct command_context *c, struct err *e) MUST_CHECK;
enum err_code cmd_purge(struct command_context *c, struct err *e) MUST_CHECK;
enum err_code cmd_restore(struct command_context *c, struct err *e) MUST_CHECK;

#endif
