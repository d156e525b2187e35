#include "shared/files/foreign_file.h"
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER 64

/* Shortens path to the folder that holds it; false: there is none above. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL || strcmp(path, "/") == 0)
        return false;
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

/* Shortens path to the lowest part of it that can be looked at. What lies below that is missing, or this user may not look
 * into the folder. */
static bool find(char *path, struct stat *st)
{
    while (lstat(path, st) != 0)
        if ((errno != EACCES && errno != ENOENT) || !go_up(path))
            return false;
    return true;
}

static void name_of(uid_t uid, char name[USER])
{
    const struct passwd *user = getpwuid(uid);
    if (user != NULL && strlen(user->pw_name) < USER)
        (void)snprintf(name, USER, "%s", user->pw_name);
    else
        (void)snprintf(name, USER, "%ld", (long)uid);
}

/* Where one file belongs to another user, more do: the chown that is shown is for the whole folder. */
enum err_code foreign_file(enum err_code code, const char *what, const char *path, struct err *e)
{
    int saved = errno;
    struct stat st;
    char at[PATH_MAX];
    char folder[PATH_MAX];
    char owner[USER];
    char me[USER];
    bool foreign = saved == EACCES && snprintf(at, sizeof at, "%s", path) < (int)sizeof at &&
                   find(at, &st) && st.st_uid != geteuid();

    errno = saved;
    if (!foreign)
        return err_sys(e, code, "%s %s", what, path);
    memcpy(folder, at, sizeof folder);
    if (!S_ISDIR(st.st_mode))
        (void)go_up(folder);
    name_of(st.st_uid, owner);
    name_of(geteuid(), me);
    bool itself = strcmp(at, path) == 0;
    (void)err_set(e, ERR_DENIED, "%s %s%s%s belongs to %s, not to %s; as root: chown -R %s: %s",
                  what, path, itself ? ", which" : ": ", itself ? "" : at, owner, me, me, folder);
    if (e != NULL)
        e->sys = saved;
    errno = saved;
    return ERR_DENIED;
}
