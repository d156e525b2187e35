#include "shared/log/secret.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/log/redact.h"
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MAX ((size_t)16 << 10)

struct secret {
    size_t len;
    char text[];
};

const char *secret_reveal(const struct secret *s)
{
    return s->text;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

void secret_free(struct secret *s)
{
    if (s == NULL)
        return;
    explicit_bzero(s->text, s->len);
    free(s);
}

/* what names the source in messages, for the value itself must not be in them. */
static enum err_code make(struct secret **s, const char *text, size_t n, const char *what,
                          struct err *e)
{
    if (n == 0)
        return err_set(e, ERR_CONFIG, "%s is empty: set it, or leave it out", what);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return err_set(e, ERR_CONFIG,
                           "%s has a control character (a line end, perhaps) in its value", what);
    struct secret *made = malloc(sizeof *made + n + 1);
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "%s: out of memory", what);
    made->len = n;
    memcpy(made->text, text, n);
    made->text[n] = '\0';
    redact_secret(made->text);
    *s = made;
    return OK;
}

enum err_code secret_from_text(struct secret **s, const char *text, struct err *e)
{
    *s = NULL;
    return make(s, text, strlen(text), "a secret", e);
}

/* The first line's length, without its line end. */
static size_t first_line(const char *p, size_t n)
{
    const char *end = memchr(p, '\n', n);
    size_t len = end == NULL ? n : (size_t)(end - p);
    return len > 0 && p[len - 1] == '\r' ? len - 1 : len;
}

/* Nobody here has chosen the mode, or can change it. */
static bool given_from_outside(const char *path, const struct stat *st)
{
    struct statfs fs;
    struct statvfs flags;
    if (statvfs(path, &flags) == 0 && (flags.f_flag & ST_RDONLY) != 0)
        return true;
    return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC && st->st_uid != geteuid();
}

enum err_code secret_check_file(const char *path, const char *origin, struct err *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_sys(e, ERR_CONFIG, "%.40s: cannot look at %s", origin, path);
    if (!S_ISREG(st.st_mode) || (st.st_mode & S_IROTH) == 0)
        return OK;
    if (given_from_outside(path, &st)) {
        LOG(LOG_WARN, "secret-file",
            "a file with a secret can be read by every user of this machine", F_STR("file", path),
            F_STR("setting", origin));
        return OK;
    }
    return err_set(e, ERR_CONFIG,
                   "%.40s: %s holds a secret and can be read by every user of this machine: chmod "
                   "o-r %s",
                   origin, path, path);
}

enum err_code secret_from_file(struct secret **s, const char *path, const char *origin,
                               struct err *e)
{
    char what[256];
    struct buf content;
    *s = NULL;
    (void)snprintf(what, sizeof what, "the file %.180s (%.40s)", path, origin);
    buf_init(&content, FILE_MAX);
    /* Reserved at once: a buffer that grows leaves copies of the secret behind. */
    enum err_code rc = buf_reserve(&content, FILE_MAX);
    if (rc != OK) {
        rc = buf_err(e, rc, &content, what);
        goto done;
    }
    if ((rc = io_read_file(path, &content, e)) != OK) {
        if (e != NULL && rc != ERR_NOMEM)
            e->code = ERR_CONFIG;
        rc = rc == ERR_NOMEM ? rc : ERR_CONFIG;
        (void)err_prefix(e, "%.40s", origin);
        goto done;
    }
    if ((rc = secret_check_file(path, origin, e)) != OK)
        goto done;
    rc = make(s, content.data, first_line(content.data, content.len), what, e);
done:
    if (content.cap > 0)
        explicit_bzero(content.data, content.cap);
    buf_free(&content);
    return rc;
}

enum err_code secret_from_env(struct secret **s, const char *name, struct err *e)
{
    char file_name[128];
    *s = NULL;
    if (snprintf(file_name, sizeof file_name, "%s_FILE", name) >= (int)sizeof file_name)
        return err_set(e, ERR_INTERNAL, "the variable's name %.64s... is too long", name);
    const char *value = getenv(name);
    const char *path = getenv(file_name);
    if (value != NULL && path != NULL)
        return err_set(e, ERR_CONFIG, "%s and %s are both set: unset one of them", name, file_name);
    if (value != NULL)
        return make(s, value, strlen(value), name, e);
    if (path == NULL)
        return OK;
    if (path[0] == '\0')
        return err_set(e, ERR_CONFIG, "%s is empty: name a file, or unset it", file_name);
    return secret_from_file(s, path, file_name, e);
}
