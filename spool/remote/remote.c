#include "spool/remote/remote.h"

#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/process/child.h"
#include "shared/time/when.h"
#include "spool/format/json_fields.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 16
#define LIST_MAX ((size_t)64 << 20)
#define SEEN_MAX ((size_t)64 << 10)
#define ABSENT   3 /* rclone's exit code for a folder or file that is not there; */
#define ABSENT_2 4 /* ... the other one */

struct remote {
    char name[REMOTE_NAME_MAX];
};

/* Does the name hold a secret, as in the connection string ":s3,secret_access_key=…:bucket"? */
static bool holds_secret(const char *name)
{
    static const char *const words[] = {"pass", "secret", "token", "key"};
    const char *comma = strchr(name, ',');
    if (!comma || !strchr(name, ':'))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasestr(comma, words[i]))
            return true;
    return false;
}

enum err_code remote_open(struct remote **out, const char *name, struct err *e)
{
    size_t n = strlen(name);
    *out = NULL;
    if (n == 0 || n >= REMOTE_NAME_MAX || *name == '-')
        return err_set(
            e, ERR_USAGE,
            "REMOTE is %s; name it as rclone does: s3:bucket/prefix, sftp:path, /a/folder",
            n == 0         ? "empty"
            : *name == '-' ? "an option"
                           : "too long");
    if (holds_secret(name))
        return err_set(
            e, ERR_USAGE,
            "REMOTE holds a secret, which other users can read on the command line: put it "
            "into rclone's configuration (rclone config), and name that");
    struct remote *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_NOMEM, "out of memory");
    memcpy(r->name, name, n);
    while (n > 1 && r->name[n - 1] == '/')
        r->name[--n] = '\0';
    *out = r;
    return OK;
}

void remote_close(struct remote *r)
{
    free(r);
}

const char *remote_name(const struct remote *r)
{
    return r->name;
}

struct call {
    const char *args[ARGS_MAX];
    size_t n;
    char where[REMOTE_NAME_MAX + REMOTE_OBJECT_MAX + 2];
    char path[IO_PATH + 2]; /* on this machine: no colon of it is taken for a remote's */
    char input[REMOTE_OBJECT_MAX + 2];
};

static void add(struct call *c, const char *word)
{
    c->args[c->n++] = word;
    c->args[c->n] = NULL;
}

/* --no-check-dest: the caller has looked. A bucket is never made: if it is missing, a person has to be told. */
static void call_begin(struct call *c, const struct remote *r, const char *command,
                       const char *object)
{
    size_t n = strlen(r->name);
    bool glued = r->name[n - 1] == ':' || r->name[n - 1] == '/';
    *c = (struct call){.n = 0};
    (void)snprintf(c->where, sizeof c->where, "%s%s%s", r->name, glued || !object ? "" : "/",
                   object ? object : "");
    add(c, "rclone");
    add(c, command);
    add(c, "--ask-password=false");
    add(c, "--s3-no-check-bucket");
    add(c, "--stats=0");
}

static const char *local(struct call *c, const char *path)
{
    (void)snprintf(c->path, sizeof c->path, "%s%s", *path == '/' ? "" : "./", path);
    return c->path;
}

static bool says(const char *words, const char *const *list)
{
    for (; *list; list++)
        if (strcasestr(words, *list))
            return true;
    return false;
}

/* rclone's exit code is 1 for nearly everything, so its last message decides. */
static enum err_code judge(const struct child_end *end)
{
    static const char *const full[] = {"no space left", "quota", "insufficient storage",
                                       "disk full", NULL};
    static const char *const denied[] = {
        "accessdenied",       "access denied",          "forbidden",
        "permission denied",  "unauthorized",           "signaturedoesnotmatch",
        "invalidaccesskeyid", "unable to authenticate", NULL};
    static const char *const away[] = {"connection refused",
                                       "connection reset",
                                       "no such host",
                                       "timeout",
                                       "timed out",
                                       "temporary failure",
                                       "network is unreachable",
                                       "no route to host",
                                       "unexpected eof",
                                       "broken pipe",
                                       "slowdown",
                                       "slow down",
                                       "too many requests",
                                       "service unavailable",
                                       "serviceunavailable",
                                       "internalerror",
                                       "internal server error",
                                       "bad gateway",
                                       "requesttimeout",
                                       "deadline exceeded",
                                       "error: eof",
                                       "handshake failure",
                                       ": eof",
                                       NULL};
    if (says(end->words, full))
        return ERR_FULL;
    if (says(end->words, denied))
        return ERR_DENIED;
    return end->code == 5 || says(end->words, away) ? ERR_UNAVAILABLE : ERR_CONFIG;
}

/* Runs rclone. there NULL: a missing object is an error. */
static enum err_code call_run(const struct call *c, const char *doing, struct buf *out, bool *there,
                              struct err *e)
{
    struct child_end end;
    struct err why = ERR_INIT;
    enum err_code rc = child_run(c->args, *c->input ? c->input : NULL, out, &end, &why);
    if (rc == ERR_CONFIG && why.sys == ENOENT)
        return err_set(e, ERR_CONFIG,
                       "there is no rclone, which moves the objects: install the package rclone");
    if (rc != OK) {
        *e = why;
        return rc;
    }
    bool absent = there && (end.code == ABSENT || end.code == ABSENT_2);
    if (there)
        *there = !absent;
    if (end.code == 0 || absent)
        return OK;
    rc = judge(&end);
    return err_set(e, rc, "cannot %s %.300s: rclone ended with %d: %s", doing, c->where, end.code,
                   *end.words ? end.words : "and said nothing");
}

static enum err_code read_seen(const struct buf *out, struct remote_seen *seen, struct err *e)
{
    char modified[WHEN_TEXT + 16];
    struct field fields[] = {
        {.name = "Size", .type = FIELD_COUNT, .to = &seen->size},
        {.name = "ModTime", .type = FIELD_TEXT, .to = modified, .room = sizeof modified},
    };
    if (memmem(out->data, out->len, "\"IsDir\": true", 13)) /* for a missing object */
        return OK;
    enum err_code rc = fields_read(out->data, out->len, fields, FIELDS(fields), e);
    if (rc != OK)
        return err_set(e, ERR_CONFIG, "rclone tells of an object in a form that is not known");
    if (when_parse(modified, strlen(modified), NULL, &seen->modified) != OK)
        seen->modified = WHEN_NONE;
    seen->there = true;
    return OK;
}

enum err_code remote_look(const struct remote *r, const char *object, struct remote_seen *seen,
                          struct err *e)
{
    struct call c;
    struct buf out;
    bool there = false;
    call_begin(&c, r, "lsjson", object);
    add(&c, "--stat");
    add(&c, "--no-mimetype");
    add(&c, "--");
    add(&c, c.where);
    buf_init(&out, SEEN_MAX);
    *seen = (struct remote_seen){.modified = WHEN_NONE};
    enum err_code rc = call_run(&c, "look at", &out, &there, e);
    if (rc == OK && there)
        rc = read_seen(&out, seen, e);
    buf_free(&out);
    return rc;
}

enum err_code remote_put(const struct remote *r, const char *object, const char *path,
                         struct err *e)
{
    struct call c;
    call_begin(&c, r, "copyto", object);
    add(&c, "--no-traverse");
    add(&c, "--no-check-dest");
    add(&c, "--");
    add(&c, local(&c, path));
    add(&c, c.where);
    return call_run(&c, "put", NULL, NULL, e);
}

/* The folder that rclone gets an object into, under the object's own name. */
struct landing {
    char folder[IO_PATH];
    char file[IO_PATH];
};

static enum err_code remove_file(void *ctx, int dir, const char *name, struct err *e)
{
    (void)ctx;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return OK;
    return unlinkat(dir, name, 0) == 0 || errno == ENOENT
               ? OK
               : err_sys(e, ERR_CREATE, "cannot remove %s", name);
}

/* Removes it, with what a get that was killed has left. */
static enum err_code landing_clear(const struct landing *l, struct err *e)
{
    enum err_code rc = io_each_name(l->folder, true, remove_file, NULL, e);
    if (rc == OK && rmdir(l->folder) != 0 && errno != ENOENT)
        rc = err_sys(e, ERR_CREATE, "cannot remove %s", l->folder);
    return rc;
}

static enum err_code landing_set(struct landing *l, const char *path, const char *name,
                                 struct err *e)
{
    int n = snprintf(l->folder, sizeof l->folder, "%s.get", path);
    if (n < 0 || (size_t)n >= sizeof l->folder)
        return err_set(e, ERR_TOO_BIG, "the path is too long: %.300s.get", path);
    enum err_code rc = io_path(l->file, l->folder, name, e);
    return rc == OK ? landing_clear(l, e) : rc;
}

/* rclone is told which file of the folder to copy, and looks at that alone: one request where it is missing. Asked for the file by its whole name it
 * would list the folder, too, which costs as much as to put one: the name may be a folder's. */
enum err_code remote_get(const struct remote *r, const char *object, const char *path, bool *there,
                         struct err *e)
{
    struct call c;
    struct landing l;
    const char *slash = strrchr(object, '/');
    const char *name = slash != NULL ? slash + 1 : object;
    call_begin(&c, r, "copy", object);
    c.where[strlen(c.where) - strlen(name)] = '\0';
    (void)snprintf(c.input, sizeof c.input, "%s\n", name);
    add(&c, "--no-traverse");
    add(&c, "--no-check-dest");
    add(&c, "--files-from-raw");
    add(&c, "-");
    add(&c, "--");
    add(&c, c.where);
    enum err_code rc = safe_remove(path, e);
    if (rc == OK && (rc = landing_set(&l, path, name, e)) == OK) {
        add(&c, local(&c, l.folder));
        rc = call_run(&c, "get", NULL, there, e);
    }
    if (rc == OK && *there)
        *there = access(l.file, F_OK) == 0; /* of one that is missing rclone says nothing */
    if (rc == OK && *there)
        rc = safe_move(l.file, path, e);
    return rc == OK ? landing_clear(&l, e) : rc;
}

enum err_code remote_each(const struct remote *r, const char *folder, unsigned depth,
                          remote_name_fn *fn, void *ctx, struct err *e)
{
    struct call c;
    struct buf out;
    bool there;
    char levels[32];
    (void)snprintf(levels, sizeof levels, "--max-depth=%u", depth);
    call_begin(&c, r, "lsf", *folder ? folder : NULL);
    size_t n = strlen(c.where);
    if (c.where[n - 1] != ':' &&
        c.where[n - 1] !=
            '/') /* a folder for certain: rclone does not look for a file of that name first */
        (void)snprintf(c.where + n, sizeof c.where - n, "/");
    add(&c, "--files-only");
    add(&c, "--recursive");
    if (depth > 1) /* one list for all folders, where the store can make it */
        add(&c, "--fast-list");
    add(&c, levels);
    add(&c, "--");
    add(&c, c.where);
    buf_init(&out, LIST_MAX);
    enum err_code rc = call_run(&c, "list", &out, &there, e);
    char *save = NULL;
    for (char *line = rc == OK && there ? strtok_r(out.data, "\n", &save) : NULL; line && rc == OK;
         line = strtok_r(NULL, "\n", &save))
        rc = fn(ctx, line, e);
    buf_free(&out);
    return rc;
}

struct later {
    uint64_t after;
    uint64_t least;
    uint64_t last;
};

static enum err_code find_later(void *ctx, const char *name, struct err *e)
{
    struct later *l = ctx;
    uint64_t found = object_number(name);
    (void)e;
    if (found > l->after && (l->least == 0 || found < l->least))
        l->least = found;
    if (found > l->after && found > l->last)
        l->last = found;
    return OK;
}

enum err_code remote_later(const struct remote *r, uint64_t after, uint64_t *number, uint64_t *last,
                           struct err *e)
{
    struct later l = {.after = after};
    enum err_code rc = remote_each(r, "", 1, find_later, &l, e);
    *number = l.least;
    *last = l.last;
    return rc;
}

enum err_code remote_delete(const struct remote *r, const char *object, struct err *e)
{
    struct call c;
    bool there;
    call_begin(&c, r, "deletefile", object);
    add(&c, "--");
    add(&c, c.where);
    struct err why = ERR_INIT;
    enum err_code rc = call_run(&c, "delete", NULL, &there, &why);
    if (rc == ERR_CONFIG &&
        strstr(why.msg, "doesn't exist")) /* of a folder; the code is 1, as for all else */
        return OK;
    if (rc != OK)
        *e = why;
    return rc;
}
