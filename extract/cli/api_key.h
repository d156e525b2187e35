/* Reads the API key from where the settings say: NETTY_API_KEY, or a file, which is read anew each time. */
#ifndef NETTY_EXTRACT_CLI_API_KEY_H
#define NETTY_EXTRACT_CLI_API_KEY_H

#include "shared/log/secret.h"
#include "shared/options/options.h"

/* Fails with ERR_CONFIG when there is no key, or when its file cannot be used. *key may stay NULL with --dry-run, and is NULL with
 * --cancel, which requests nothing from the API. */
enum err_code api_key_read(const struct options *o, struct secret **key, struct err *e) MUST_CHECK;

#endif
