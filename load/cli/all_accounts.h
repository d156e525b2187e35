/* netty-load without --account, where the configuration file has accounts: all of them, each in its turn. */
#ifndef NETTY_LOAD_CLI_ALL_ACCOUNTS_H
#define NETTY_LOAD_CLI_ALL_ACCOUNTS_H

#include "shared/options/options.h"

/* Returns the exit code. A command for one account alone, such as replay, is ERR_CONFIG. */
int all_accounts_load(const struct options *o);

#endif
