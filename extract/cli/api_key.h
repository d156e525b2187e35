/* The API key, from where the settings say: NETTY_API_KEY, or a file that is read anew each time. */
#ifndef NETTY_EXTRACT_CLI_API_KEY_H
#define NETTY_EXTRACT_CLI_API_KEY_H

#include "shared/log/secret.h"
#include "shared/options/options.h"

/* Fails with ERR_CONFIG when there is none, or when its file cannot be used. With --dry-run *key may stay NULL;
 * with --cancel, which asks the API for nothing, it does. */
enum err_code api_key_read(const struct options *o, struct secret **key, struct err *e) MUST_CHECK;

#endif
