#include "load/address/db_address.h"
#include "load/address/db_conninfo.h"
#include "shared/log/log.h"
#include "shared/log/secret.h"
#include "shared/log/secret_trial.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

static struct {
    const char *file; /* NULL: the address stands in none */
    const char *origin;
    struct secret *text; /* that was used last; NULL: the one that the settings were read with */
    struct secret_trial trial;
    bool over;
} address;

void db_address_file(const char *file, const char *origin)
{
    address.file = file;
    address.origin = origin;
}

/* Reads the file's address. Fails if libpq cannot use it. */
static enum err_code read_file(struct secret **text, struct err *e)
{
    enum err_code rc = secret_from_file(text, address.file, address.origin, e);
    if (rc == OK && (rc = db_check_conninfo(secret_reveal(*text), e)) != OK) {
        secret_free(*text);
        *text = NULL;
    }
    return rc;
}

static bool is_news(const struct secret *text, const char *conninfo)
{
    if (address.text != NULL)
        return !secret_equal(address.text, text);
    return conninfo == NULL || strcmp(secret_reveal(text), conninfo) != 0;
}

void db_address_renew(char **conninfo)
{
    struct secret *text = NULL;
    struct err e = ERR_INIT;
    char *copy = NULL;
    if (address.file == NULL)
        return;
    if (read_file(&text, &e) != OK || (copy = strdup(secret_reveal(text))) == NULL) {
        LOG(LOG_WARN, "address",
            "the database's address cannot be read anew; the one before is used", F_ERR(&e));
        secret_free(text);
        return;
    }
    if (is_news(text, *conninfo)) {
        LOG0(LOG_INFO, "address",
             "the database's address has changed in its file; the new one is used");
        secret_trial_renewed(&address.trial);
        address.over = false;
    }
    secret_free(address.text);
    address.text = text;
    if (*conninfo != NULL)
        explicit_bzero(*conninfo, strlen(*conninfo));
    free(*conninfo);
    *conninfo = copy;
}

/* SQLSTATE class 28: the password is wrong, or the role may not connect. */
void db_address_tried(const struct err *err)
{
    if (err->code == OK) {
        secret_trial_worked(&address.trial);
        address.over = false;
    } else if (strncmp(err->sqlstate, "28", 2) == 0) {
        address.over = secret_trial_refused(&address.trial, when_tick());
    }
}

bool db_address_refused(void)
{
    return address.over;
}

int64_t db_address_pause(int64_t pause)
{
    return secret_trial_pause(&address.trial, pause);
}
