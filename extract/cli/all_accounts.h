/* netty-extract without --account, where the configuration file has accounts: all of them, each in its turn. */
#ifndef NETTY_EXTRACT_CLI_ALL_ACCOUNTS_H
#define NETTY_EXTRACT_CLI_ALL_ACCOUNTS_H

#include "extract/cli/ping.h"
#include "shared/options/options.h"

/* *code is that of the last round; an error that is returned counts instead. ping is told of each round of a program that stays. */
enum err_code all_accounts_run(const struct options *o, struct ping *ping, int *code,
                               struct err *e) MUST_CHECK;

#endif
