/*
 * Which configuration file is read. A file that a person has named is read as it is. A netty.conf that
 * merely lies in the working folder is read only if no other user can have put it there: it names the
 * address that the API key is sent to.
 */
#include "shared/files/file_io.h"
#include "shared/options/options_private.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOUND_HERE "netty.conf"
#define INSTALLED  "/etc/netty/netty.conf"

/* Returns why another user may have written the file, or NULL. */
static const char *foreign(const struct stat *st)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return "belongs to somebody else";
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "can be written by others";
    return NULL;
}

static enum err_code check_owners(struct err *e)
{
    static const char *const looked_at[] = {".", FOUND_HERE};
    struct stat link;
    struct stat st;
    if (lstat(FOUND_HERE, &link) != 0)
        return err_sys(e, ERR_CONFIG, "cannot look at " FOUND_HERE);
    for (size_t i = 0; i < sizeof looked_at / sizeof *looked_at; i++) {
        if (stat(looked_at[i], &st) != 0)
            return err_sys(e, ERR_CONFIG, "cannot look at %s", looked_at[i]);
        const char *why = foreign(&st);
        if (why == NULL && i > 0 && S_ISLNK(link.st_mode) && link.st_uid != 0 &&
            link.st_uid != geteuid())
            why = "is a link of somebody else's";
        if (why != NULL)
            return err_set(e, ERR_CONFIG,
                           FOUND_HERE " in the working folder is not believed, for %s %s; to use "
                                      "it nevertheless name it: --config " FOUND_HERE,
                           i == 0 ? "the folder" : "it", why);
    }
    return OK;
}

enum err_code options_find_config(const struct options *o, const char **path, struct err *e)
{
    *path = NULL;
    if (options_given(o, OPT_CONFIG)) {
        *path = options_text(o, OPT_CONFIG);
        return OK;
    }
    if (access(FOUND_HERE, F_OK) == 0 || errno != ENOENT) {
        enum err_code rc = check_owners(e);
        if (rc == OK)
            *path = FOUND_HERE;
        return rc;
    }
    if (access(INSTALLED, F_OK) == 0 || errno != ENOENT)
        *path = INSTALLED;
    return OK;
}

/* The full path is kept, because a log does not show the working folder. */
enum err_code options_note_config(struct options *o, const char *path, struct err *e)
{
    char *whole = realpath(path, NULL);
    o->config = whole != NULL ? whole : strdup(path);
    return o->config != NULL ? OK : err_set(e, ERR_NOMEM, "out of memory for the settings");
}

const char *options_config(const struct options *o)
{
    return o->config;
}

void options_show_help(const struct options *o, FILE *out)
{
    const char *path = NULL;
    struct err e = ERR_INIT;
    options_help(o->program, out);
    if (options_find_config(o, &path, &e) != OK)
        (void)fprintf(out, "\nConfiguration file: %s.\n", e.msg);
    else if (path == NULL)
        (void)fputs("\nConfiguration file: none is there.\n", out);
    else {
        char *whole = realpath(path, NULL);
        (void)fprintf(out, "\nConfiguration file: %s\n", whole != NULL ? whole : path);
        free(whole);
    }
    if (options_given(o, OPT_ACCOUNT))
        (void)fprintf(out, "Account: %s\n", options_text(o, OPT_ACCOUNT));
}
