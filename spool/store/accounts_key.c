/*
 * Finds accounts that have the same key. Keys are compared by their hashes under a random seed of this process, so that no
 * further copy of a key is made. Neither keys nor hashes leave this file.
 */
#include "spool/store/accounts_private.h"

#include "shared/base/buf.h"
#include "shared/log/log.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define NAMES_MAX ((size_t)1 << 20)

struct account_key {
    XXH128_hash_t hash;
    const char *name;
};

static bool hash_key(const struct options *o, size_t i, uint64_t seed, XXH128_hash_t *out)
{
    char line[ACCOUNTS_LINE];
    const char *path = options_account_setting(o, i, OPT_API_KEY_FILE);
    const char *key = path == NULL ? getenv("NETTY_API_KEY") : NULL;
    if (path == NULL && key == NULL)
        path = options_account_text(o, i, OPT_API_KEY_FILE);
    if (key == NULL && path != NULL) /* a file that cannot be read is compared by its name */
        key = accounts_first_line(path, line, sizeof line) ? line : path;
    if (key != NULL)
        *out = XXH3_128bits_withSeed(key, strlen(key), seed);
    explicit_bzero(line, sizeof line);
    return key != NULL;
}

static int by_hash(const void *a, const void *b)
{
    const struct account_key *x = a;
    const struct account_key *y = b;
    int order = XXH128_cmp(&x->hash, &y->hash);
    return order != 0 ? order : strcmp(x->name, y->name);
}

/* keys[0..n) are equal. */
static enum err_code tell(const struct account_key *keys, size_t n, struct err *e)
{
    struct buf names;
    enum err_code rc = OK;
    buf_init(&names, NAMES_MAX);
    for (size_t i = 0; rc == OK && i < n; i++)
        rc = buf_addf(&names, "%s%s", i > 0 ? ", " : "", keys[i].name);
    if (rc == OK && (rc = buf_add(&names, "", 1)) == OK)
        LOG(LOG_WARN, "one-key",
            "accounts have one API key, so that they fetch the same records: give each its own",
            F_STR("accounts", names.data));
    else
        (void)buf_err(e, rc, &names, "the accounts' names");
    buf_free(&names);
    return rc;
}

enum err_code accounts_compare_keys(const struct options *o, struct err *e)
{
    uint64_t seed = 0;
    size_t count = options_accounts(o);
    size_t n = 0;
    enum err_code rc = OK;
    struct account_key *keys = calloc(count, sizeof *keys);
    if (keys == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the settings");
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        rc = err_sys(e, ERR_INTERNAL, "cannot get random numbers");
    for (size_t i = 0; rc == OK && i < count; i++) {
        keys[n].name = options_account_name(o, i);
        n += hash_key(o, i, seed, &keys[n].hash);
    }
    qsort(keys, n, sizeof *keys, by_hash);
    for (size_t i = 0, k = 0; rc == OK && i < n; i = k) {
        for (k = i + 1; k < n && XXH128_isEqual(keys[i].hash, keys[k].hash) != 0; k++)
            ;
        if (k - i > 1)
            rc = tell(keys + i, k - i, e);
    }
    explicit_bzero(keys, count * sizeof *keys);
    free(keys);
    return rc;
}
