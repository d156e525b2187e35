#include "spool/store/accounts_private.h"

#include "shared/files/file_io.h"
#include "spool/store/spool.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool accounts_first_line(const char *path, char *out, size_t room)
{
    struct stat st;
    size_t got = 0;
    /* A pipe is not read: what comes out of it is for the program that uses it. */
    int fd = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    bool read = io_pread(fd, out, room - 1, 0, &got, path, NULL) == OK;
    (void)close(fd);
    out[read ? got : 0] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return read && *out != '\0';
}

/* "lyon, paris, nice and 197 more" */
static void list_names(const struct options *o, char *out, size_t room)
{
    size_t count = options_accounts(o);
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && i < 3; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%s", i > 0 ? ", " : "",
                               options_account_name(o, i));
    if (count > 3)
        (void)snprintf(out + at, room - at, " and %zu more", count - 3);
}

/* Fails when the folder of the accounts' spools is a spool itself. */
static enum err_code check_folder(const struct options *o, struct err *e)
{
    const char *dir = options_accounts_folder(o);
    if (!spool_is_there(dir))
        return OK;
    return err_set(e, ERR_CONFIG,
                   "the folder %s is a spool itself, so it cannot hold those of accounts%s%s: name "
                   "another folder with --spool",
                   dir, options_account(o) != NULL ? ", as " : "",
                   options_account(o) != NULL ? options_account(o) : "");
}

enum err_code accounts_check_all(const struct options *o, accounts_address_fn *address,
                                 struct err *e)
{
    enum err_code rc = OK;
    if (options_accounts(o) == 0)
        return OK;
    if ((rc = check_folder(o, e)) != OK || (rc = accounts_check_schemas(o, address, e)) != OK)
        return rc;
    return accounts_compare_keys(o, e);
}

enum err_code accounts_name_one(const struct options *o, const char *what, struct err *e)
{
    char names[4 * 48];
    list_names(o, names, sizeof names);
    return err_set(e, ERR_CONFIG, "%s%s%s has accounts (%s): name one with --account",
                   what != NULL ? what : "", what != NULL ? " is for one account, and " : "",
                   options_config(o), names);
}

enum err_code accounts_check(const struct options *o, accounts_address_fn *address, struct err *e)
{
    if (options_accounts(o) > 0 && options_account(o) == NULL)
        return accounts_name_one(o, NULL, e);
    return accounts_check_all(o, address, e);
}
