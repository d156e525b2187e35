#include "extract/cli/api_key.h"
#include <stddef.h>

enum err_code api_key_read(const struct options *o, struct secret **key, struct err *e)
{
    if (options_int(o, OPT_CANCEL) != 0)
        return OK;
    enum err_code rc = secret_from_env(key, "NETTY_API_KEY", e);
    const char *file = options_text(o, OPT_API_KEY_FILE);
    if (rc == OK && *key == NULL && file != NULL)
        rc = secret_from_file(key, file, options_origin(o, OPT_API_KEY_FILE), e);
    if (rc == OK && *key == NULL && options_int(o, OPT_DRY_RUN) == 0)
        rc =
            err_set(e, ERR_CONFIG,
                    "there is no API key: set NETTY_API_KEY, or NETTY_API_KEY_FILE to the name of a"
                    " file that holds it");
    return rc;
}
