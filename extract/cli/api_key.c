#include "extract/cli/api_key.h"
#include "shared/options/accounts.h"
#include <stddef.h>

enum err_code api_key_read(const struct options *o, struct secret **key, struct err *e)
{
    if (options_int(o, OPT_CANCEL) != 0)
        return OK;
    const char *file = options_text(o, OPT_API_KEY_FILE);
    /* The environment speaks for all accounts, an account's section for one. */
    enum err_code rc =
        options_own(o, OPT_API_KEY_FILE) ? OK : secret_from_env(key, "NETTY_API_KEY", e);
    if (rc == OK && *key == NULL && file != NULL)
        rc = secret_from_file(key, file, options_origin(o, OPT_API_KEY_FILE), e);
    if (rc == OK && *key == NULL && options_int(o, OPT_DRY_RUN) == 0)
        rc =
            err_set(e, ERR_CONFIG,
                    "there is no API key: set NETTY_API_KEY, or NETTY_API_KEY_FILE to the name of a"
                    " file that holds it");
    return rc;
}
