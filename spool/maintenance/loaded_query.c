#include "spool/maintenance/loaded_query.h"

#include "shared/files/file_io.h"
#include "shared/options/accounts.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADER   "netty-load"
#define ARGS_MAX 16

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool is_configured(const struct options *o)
{
    return options_given(o, OPT_DB) || is_set("PGDATABASE") || is_set("PGHOST") ||
           is_set("PGHOSTADDR") || is_set("PGSERVICE");
}

/* Returns the path of the netty-load beside this program, or the bare name, for which PATH is searched. */
static const char *find_loader(char path[IO_PATH])
{
    ssize_t n = readlink("/proc/self/exe", path, IO_PATH - sizeof LOADER);
    char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
    if (!slash)
        return LOADER;
    memcpy(slash + 1, LOADER, sizeof LOADER);
    return access(path, X_OK) == 0 ? path : LOADER;
}

static size_t put_args(const char *args[ARGS_MAX], const struct options *o, const struct spool *s)
{
    size_t n = 0;
    args[n++] = LOADER;
    args[n++] = "--loaded";
    args[n++] = "--spool";
    args[n++] = options_account(o) ? options_accounts_folder(o) : spool_dir(s);
    if (options_account(o)) {
        args[n++] = "--account";
        args[n++] = options_account(o);
    }
    if (options_given(o, OPT_CONFIG)) {
        args[n++] = "--config";
        args[n++] = options_text(o, OPT_CONFIG);
    }
    /* An address from the command line has no password (options.h). netty-load finds all other settings itself. */
    if (options_given(o, OPT_DB) && strcmp(options_origin(o, OPT_DB), "--db") == 0) {
        args[n++] = "--db";
        args[n++] = options_text(o, OPT_DB);
    }
    args[n] = NULL;
    return n;
}

static enum err_code start(const char *path, const char *const *args, pid_t *pid, struct err *e)
{
    posix_spawn_file_actions_t actions;
    union {
        const char *const *const_args;
        char *const *args;
    } argv = {.const_args = args};
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawnp(pid, path, &actions, NULL, argv.args, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (rc == 0)
        return OK;
    errno = rc;
    return err_sys(e, ERR_CREATE, "cannot run %s, which asks the database what is loaded", path);
}

static enum err_code check_exit(int status, struct err *e)
{
    static const enum err_code codes[] = {ERR_UNAVAILABLE, ERR_DENIED, ERR_CONFIG, ERR_USAGE,
                                          ERR_DAMAGED,     ERR_IO,     ERR_CREATE, ERR_BUSY};
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == 0)
        return OK;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (err_exit(codes[i]) == code)
            return err_set(e, codes[i],
                           "netty-load could not tell what is loaded (it said why): nothing was "
                           "removed");
    return err_set(e, ERR_INTERNAL, "netty-load --loaded ended with %d: nothing was removed",
                   WIFEXITED(status) ? code : WTERMSIG(status));
}

enum err_code loaded_query(const struct options *o, const struct spool *s, struct err *e)
{
    char path[IO_PATH];
    const char *args[ARGS_MAX];
    pid_t pid = -1;
    int status = 0;
    if (!is_configured(o))
        return err_set(e, ERR_CONFIG,
                       "no database is configured, so nobody can say what is loaded: set "
                       "DATABASE_URL or give --db; nothing was removed");
    (void)put_args(args, o, s);
    enum err_code rc = start(find_loader(path), args, &pid, e);
    if (rc != OK)
        return rc;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_sys(e, ERR_INTERNAL, "cannot wait for netty-load");
    return check_exit(status, e);
}
