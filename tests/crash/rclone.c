/*
 * In rclone's place, between folders of this machine: what spool/remote asks of it and no more.
 *
 *   rclone copyto|copy|lsjson|lsf|deletefile [OPTION ...] -- PATH [PATH]
 *
 * The crash matrix moves objects thousands of times, and rclone takes 0.1 s to begin. Linked statically, so that nothing
 * preloaded counts or fails its calls: the matrix makes our programs fail, not rclone. test_crash_matrix.py compares the two.
 * Ends with 0, with 3 where a folder or object is missing, else with 1 and a message.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    DONE = 0,
    FAILED = 1,
    ABSENT = 3
};

static int failed(const char *path)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return ABSENT;
    (void)fprintf(stderr, "rclone: %s: %s\n", path, strerror(errno));
    return FAILED;
}

static int make_parents(const char *path)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *p = strchr(folder + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return failed(folder);
        *p = '/';
    }
    return DONE;
}

static int copy_bytes(int in, int out, const char *to)
{
    char bytes[65536];
    ssize_t n = 0;
    while ((n = read(in, bytes, sizeof bytes)) > 0)
        for (ssize_t at = 0, put = 0; at < n; at += put)
            if ((put = write(out, bytes + at, (size_t)(n - at))) < 0)
                return failed(to);
    return n < 0 ? failed(to) : DONE;
}

/* As rclone does: folders are made, and the copy is as old as what it was made of. */
static int copy(const char *from, const char *to)
{
    int out = -1;
    int rc = FAILED;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (in < 0 || fstat(in, &st) != 0) {
        rc = failed(from);
        goto done;
    }
    if ((rc = make_parents(to)) != DONE)
        goto done;
    if ((out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0) {
        rc = failed(to);
        goto done;
    }
    if ((rc = copy_bytes(in, out, to)) != DONE)
        goto done;
    const struct timespec times[2] = {st.st_atim, st.st_mtim};
    if (futimens(out, times) != 0)
        rc = failed(to);
done:
    if (in >= 0)
        (void)close(in);
    if (out >= 0 && close(out) != 0 && rc == DONE)
        rc = failed(to);
    return rc;
}

/* Copies the file of a folder that standard input names. One that is missing is passed over in silence. */
static int copy_named(const char *from, const char *to)
{
    char name[NAME_MAX];
    char here[PATH_MAX];
    char there[PATH_MAX];
    if (!fgets(name, sizeof name, stdin))
        return FAILED;
    name[strcspn(name, "\n")] = '\0';
    (void)snprintf(here, sizeof here, "%s%s%s", from, from[strlen(from) - 1] == '/' ? "" : "/",
                   name);
    (void)snprintf(there, sizeof there, "%s/%s", to, name);
    int rc = copy(here, there);
    return rc == ABSENT ? DONE : rc;
}

static int look(const char *path)
{
    struct stat st;
    struct tm utc;
    char at[32];
    if (stat(path, &st) != 0)
        return failed(path);
    if (!gmtime_r(&st.st_mtim.tv_sec, &utc) ||
        strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
        return failed(path);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    bool folder = S_ISDIR(st.st_mode);
    (void)printf("{\n\t\"Path\": \"%s\",\n\t\"Name\": \"%s\",\n\t\"Size\": %lld,\n\t\"ModTime\": "
                 "\"%s.%09ldZ\",\n"
                 "\t\"IsDir\": %s\n}\n",
                 folder ? "" : name, folder ? "" : name, folder ? -1LL : (long long)st.st_size, at,
                 st.st_mtim.tv_nsec, folder ? "true" : "false");
    return DONE;
}

/* The files below root/below, `depth` folders deep, by their names below root. */
static int list(const char *root, const char *below, unsigned depth)
{
    char path[PATH_MAX];
    char name[PATH_MAX];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", root, below);
    DIR *folder = opendir(path);
    if (!folder)
        return failed(path);
    int rc = DONE;
    for (struct dirent *entry = readdir(folder); entry && rc == DONE; entry = readdir(folder)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(folder), entry->d_name, &st, 0) != 0)
            continue;
        (void)snprintf(name, sizeof name, "%s%s%s", below, *below ? "/" : "", entry->d_name);
        if (!S_ISDIR(st.st_mode))
            (void)puts(name);
        else if (depth > 1)
            rc = list(root, name, depth - 1);
    }
    (void)closedir(folder);
    return rc;
}

static int erase(const char *path)
{
    if (unlink(path) == 0)
        return DONE;
    (void)fprintf(stderr,
                  errno == ENOENT ? "rclone: %s is a directory or doesn't exist\n"
                                  : "rclone: %s: not deleted\n",
                  path);
    return FAILED;
}

int main(int argc, char **argv)
{
    static const char DEPTH[] = "--max-depth=";
    unsigned depth = 1;
    int at = 2;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++)
        if (strncmp(argv[at], DEPTH, sizeof DEPTH - 1) == 0)
            depth = (unsigned)strtoul(argv[at] + sizeof DEPTH - 1, NULL, 10);
    const char *command = argc > 1 ? argv[1] : "";
    const char *const *paths = (const char *const *)argv + at + 1;
    int n = argc - at - 1;
    if (n == 2 && strcmp(command, "copyto") == 0)
        return copy(paths[0], paths[1]);
    if (n == 2 && strcmp(command, "copy") == 0)
        return copy_named(paths[0], paths[1]);
    if (n == 1 && strcmp(command, "lsjson") == 0)
        return look(paths[0]);
    if (n == 1 && strcmp(command, "lsf") == 0)
        return list(paths[0], "", depth);
    if (n == 1 && strcmp(command, "deletefile") == 0)
        return erase(paths[0]);
    (void)fprintf(stderr, "rclone: this one has no such command: %s\n", command);
    return FAILED;
}
