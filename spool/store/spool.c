#include "spool/store/spool.h"

#include "shared/base/table_names.h"
#include "shared/files/file_io.h"
#include "shared/files/safe_file.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/segment/segment.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDENTITY     "spool.json"
#define IDENTITY_MAX 4096
#define MIRROR                                                                                     \
    "pull.json" /* a mirror's note (spool/remote/ship_note.h) is there before its identity */
#define ID_DIGITS 32

struct spool {
    char dir[IO_PATH];
    char id[ID_DIGITS + 1];
};

static bool id_is_good(const char *id)
{
    return strlen(id) == ID_DIGITS && strspn(id, "0123456789abcdef") == ID_DIGITS;
}

static enum err_code parse_identity(struct spool *s, const struct buf *text, const char *path,
                                    struct err *e)
{
    uint64_t version = 0;
    struct field fields[] = {
        {.name = "netty_spool", .type = FIELD_COUNT, .to = &version},
        {.name = "id", .type = FIELD_TEXT, .to = s->id, .room = sizeof s->id},
    };
    if (text->len < 2 || text->data[text->len - 1] != '\n' ||
        !checksum_line_ok(text->data, text->len - 1))
        return err_set(e, ERR_DAMAGED,
                       "%s is damaged: it does not match its checksum; restore it from a backup",
                       path);
    enum err_code rc = fields_read(text->data, text->len - 1, fields, 1, e);
    if (rc != OK) {
        (void)err_prefix(e, "%s", path);
        return rc;
    }
    if (version != SPOOL_FORMAT)
        return err_set(e, ERR_CONFIG,
                       "%s is of format %" PRIu64 ", this program knows %d; use %s netty", s->dir,
                       version, SPOOL_FORMAT, version > SPOOL_FORMAT ? "a newer" : "an older");
    rc = fields_read(text->data, text->len - 1, fields, FIELDS(fields), e);
    if (rc != OK)
        (void)err_prefix(e, "%s", path);
    else if (!id_is_good(s->id))
        rc = err_set(e, ERR_DAMAGED, "%s is damaged: its id is not 32 hexadecimal digits", path);
    return rc;
}

/* *there is false, and the result OK, when there is no identity file. */
static enum err_code read_identity(struct spool *s, bool *there, struct err *e)
{
    struct buf text;
    struct err why = ERR_INIT;
    char path[IO_PATH];
    enum err_code rc = io_path(path, s->dir, IDENTITY, e);
    *there = false;
    if (rc != OK)
        return rc;
    buf_init(&text, IDENTITY_MAX);
    rc = safe_read_file(path, &text, &why);
    if (rc == ERR_TOO_BIG) {
        rc = err_set(e, ERR_DAMAGED, "%s is damaged: it is too large", path);
    } else if (rc != OK && (why.sys == ENOENT || why.sys == ENOTDIR)) {
        rc = OK;
    } else if (rc != OK) {
        if (e)
            *e = why;
    } else {
        *there = true;
        rc = parse_identity(s, &text, path, e);
    }
    buf_free(&text);
    return rc;
}

/* Is the name one that is no file of a spool's? What an interrupted creation of a spool may have left does not count. */
static bool is_foreign(const char *name)
{
    return name[0] != '.' && strcmp(name, "lost+found") != 0 && strcmp(name, MIRROR) != 0 &&
           strncmp(name, IDENTITY, strlen(IDENTITY)) != 0;
}

static enum err_code check_empty(const char *dir, struct err *e)
{
    enum err_code rc = OK;
    DIR *d = opendir(dir);
    if (!d)
        return err_sys(e, ERR_CREATE, "cannot look into %s", dir);
    const struct dirent *entry;
    errno = 0;
    while ((entry = readdir(d)) && !is_foreign(entry->d_name))
        errno = 0;
    if (entry)
        rc = err_set(e, ERR_CREATE,
                     "%s holds other things (%s) and no %s; name an empty or a new folder", dir,
                     entry->d_name, IDENTITY);
    else if (errno != 0)
        rc = err_sys(e, ERR_IO, "cannot look into %s", dir);
    if (closedir(d) != 0 && rc == OK)
        rc = err_sys(e, ERR_IO, "cannot look into %s", dir);
    return rc;
}

/* Chooses a random identity unless the spool has one already. */
static enum err_code choose_id(struct spool *s, struct err *e)
{
    unsigned char random[ID_DIGITS / 2];
    if (*s->id)
        return OK;
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_sys(e, ERR_INTERNAL, "cannot get random numbers");
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(s->id + 2 * i, 3, "%02x", random[i]);
    return OK;
}

static enum err_code write_identity(struct spool *s, struct err *e)
{
    char now[WHEN_TEXT];
    struct buf text;
    enum err_code rc = choose_id(s, e);
    if (rc != OK)
        return rc;
    buf_init(&text, IDENTITY_MAX);
    if ((rc = buf_addf(&text, "{\"netty_spool\":%d,\"id\":\"%s\",\"created\":\"%s\"", SPOOL_FORMAT,
                       s->id, when_iso(when_now(), now))) != OK ||
        (rc = checksum_line_end(&text, 0)) != OK)
        (void)buf_err(e, rc, &text, IDENTITY);
    else if ((rc = io_replace(s->dir, IDENTITY, text.data, text.len, e)) == ERR_IO)
        rc = e ? (e->code = ERR_CREATE) : ERR_CREATE;
    buf_free(&text);
    return rc;
}

/* Two programs may start on the same new folder: one makes the spool, the other finds it. */
static enum err_code create(struct spool *s, struct err *e)
{
    bool there;
    enum err_code rc = io_mkdirs(s->dir, e);
    if (rc != OK)
        return rc;
    int fd = -1;
    if ((rc = io_open_folder(&fd, s->dir, e)) != OK)
        return rc;
    if (flock(fd, LOCK_EX) != 0) {
        rc = err_sys(e, ERR_CREATE, "cannot lock %s", s->dir);
        goto done;
    }
    if ((rc = read_identity(s, &there, e)) != OK || there)
        goto done;
    if ((rc = check_empty(s->dir, e)) == OK)
        rc = write_identity(s, e);
done:
    if (close(fd) != 0 && rc == OK)
        rc = err_sys(e, ERR_IO, "cannot close %s", s->dir);
    return rc;
}

bool spool_is_there(const char *dir)
{
    char path[IO_PATH];
    return io_path(path, dir, IDENTITY, NULL) == OK && access(path, F_OK) == 0;
}

/* Fails where the folder lies in a spool, which would take it for a table. */
static enum err_code check_parent(const char *dir, struct err *e)
{
    char parent[IO_PATH];
    size_t n = strlen(dir);
    while (n > 0 && dir[n - 1] == '/')
        n--;
    while (n > 0 && dir[n - 1] != '/') /* "x" is in "", which means here */
        n--;
    (void)snprintf(parent, sizeof parent, "%.*s.", (int)n, dir);
    if (!spool_is_there(parent))
        return OK;
    return err_set(e, ERR_CONFIG,
                   "the folder that %s is in is a spool itself, so it cannot hold another: name "
                   "another folder with --spool",
                   dir);
}

struct account_names {
    char text[200];
    size_t n;
};

static enum err_code add_account(void *ctx, int dir, const char *name, struct err *e)
{
    struct account_names *a = ctx;
    char path[IO_NAME + sizeof IDENTITY + 1];
    size_t at = strlen(a->text);
    (void)e;
    (void)snprintf(path, sizeof path, "%s/%s", name, IDENTITY);
    if (faccessat(dir, path, F_OK, 0) == 0 && a->n++ < 3 && at + 60 < sizeof a->text)
        (void)snprintf(a->text + at, sizeof a->text - at, "%s%.50s", at > 0 ? ", " : "", name);
    return OK;
}

/* There is no spool in the folder. Fails if it holds the spools of accounts. */
static enum err_code refuse_accounts(const char *dir, struct err *e)
{
    struct account_names a = {.n = 0};
    if (io_each_name(dir, true, add_account, &a, NULL) != OK || a.n == 0)
        return OK;
    return err_set(
        e, ERR_CONFIG,
        "%s is no spool but holds those of accounts (%s%s): name an account with --account, "
        "or another folder with --spool",
        dir, a.text, a.n > 3 ? " and more" : "");
}

static enum err_code spool_make(struct spool **out, const char *dir, struct err *e)
{
    size_t n = strlen(dir);
    struct spool *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (n == 0 || n >= sizeof s->dir)
        return err_set(e, ERR_CONFIG, "the spool's path is %s", n ? "too long" : "empty");
    memcpy(s->dir, dir, n);
    return safe_resolve_folder(s->dir, e);
}

enum err_code spool_mirror(struct spool **out, const char *dir, const char *id, struct err *e)
{
    struct spool *s;
    enum err_code rc = spool_make(&s, dir, e);
    *out = NULL;
    if (rc == OK && strlen(id) == ID_DIGITS && id_is_good(id)) {
        memcpy(s->id, id, ID_DIGITS + 1);
        rc = create(s, e);
    } else if (rc == OK) {
        rc = err_set(e, ERR_DAMAGED, "a spool's identity that is none");
    }
    if (rc != OK)
        spool_close(s);
    else
        *out = s;
    return rc;
}

enum err_code spool_open(struct spool **out, const char *dir, enum spool_mode mode, struct err *e)
{
    bool there = false;
    struct spool *s;
    enum err_code rc = spool_make(&s, dir, e);
    *out = NULL;
    if (rc != OK)
        goto done;
    if ((rc = read_identity(s, &there, e)) != OK)
        goto done;
    if (!there && (rc = refuse_accounts(s->dir, e)) != OK)
        goto done;
    if (!there && mode == SPOOL_CREATE) {
        if ((rc = check_parent(s->dir, e)) != OK)
            goto done;
        if ((rc = create(s, e)) == OK)
            LOG(LOG_WARN, "new-spool",
                "a new spool is begun here; where there was one before, see whether its volume is "
                "mounted",
                F_STR("spool", dir));
    } else if (!there)
        rc = err_set(e, ERR_NO_SPOOL,
                     "there is no spool at %s; run netty-extract, or name another with --spool",
                     dir);
done:
    if (rc != OK)
        spool_close(s);
    else
        *out = s;
    return rc;
}

enum err_code spool_check_writer(const struct spool *s, struct err *e)
{
    return safe_check_writer(s->dir, "the spool", e);
}

void spool_close(struct spool *s)
{
    free(s);
}

bool spool_replaced(const struct spool *s)
{
    struct spool *there = NULL;
    struct err e = ERR_INIT;
    if (spool_open(&there, s->dir, SPOOL_LOOK, &e) != OK)
        return false;
    bool other = strcmp(there->id, s->id) != 0;
    spool_close(there);
    return other;
}

const char *spool_dir(const struct spool *s)
{
    return s->dir;
}

const char *spool_id(const struct spool *s)
{
    return s->id;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_table(int dir, const char *name)
{
    struct stat st;
    return names_check_table(name, "", NULL) == OK &&
           fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* A link to a folder where a table's folder should be is listed as a table, without a look at it. Opening that table fails then
 * (table_dir), and the other tables work. */
static bool is_link_to_folder(int dir, const char *name)
{
    struct stat st;
    return names_check_table(name, "", NULL) == OK &&
           fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) &&
           fstatat(dir, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Was a page of the table ever kept? A table that the API does not have leaves a folder with a lock file only, and does not
 * count. */
static enum err_code has_pages(const struct spool *s, const char *table, bool *has, struct err *e)
{
    char dir[IO_PATH];
    struct segment_list list = {0};
    struct err why = ERR_INIT;
    enum err_code rc = io_path(dir, s->dir, table, e);
    if (rc == OK && io_is_link(dir)) { /* the table is refused when it is used, the others work */
        *has = true;
        return OK;
    }
    if (rc != OK)
        return rc;
    rc = segment_list_all(&list, dir, &why);
    *has = (rc == OK && list.count > 0) || why.sys == EACCES; /* so has one that lets nobody in */
    segment_list_free(&list);
    if (rc == OK || why.sys == EACCES)
        return OK;
    if (e != NULL)
        *e = why;
    return rc;
}

struct table_list {
    const struct spool *spool;
    char **names;
    size_t count;
};

static enum err_code add_table(void *ctx, int dir, const char *name, struct err *e)
{
    struct table_list *l = ctx;
    bool has = is_link_to_folder(dir, name);
    enum err_code rc = is_table(dir, name) ? has_pages(l->spool, name, &has, e) : OK;
    if (rc != OK || !has)
        return rc;
    char **more = realloc(l->names, (l->count + 1) * sizeof *more);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory");
    l->names = more;
    if (!(more[l->count] = strdup(name)))
        return err_set(e, ERR_NOMEM, "out of memory");
    l->count++;
    return OK;
}

enum err_code spool_tables(const struct spool *s, char ***tables, size_t *n, struct err *e)
{
    struct table_list list = {.spool = s};
    enum err_code rc = io_each_name(s->dir, false, add_table, &list, e);
    if (rc == OK && list.count > 0) {
        qsort(list.names, list.count, sizeof *list.names, by_name);
    } else if (rc != OK) {
        spool_tables_free(list.names, list.count);
        list = (struct table_list){0};
    }
    *tables = list.names;
    *n = list.count;
    return rc;
}

void spool_tables_free(char **tables, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(tables[i]);
    free(tables);
}

enum err_code spool_holds(const struct spool *s, const char *table, bool *held, struct err *e)
{
    char **tables = NULL;
    size_t n = 0;
    enum err_code rc = spool_tables(s, &tables, &n, e);
    *held = false;
    for (size_t i = 0; rc == OK && i < n; i++)
        *held |= strcmp(tables[i], table) == 0;
    spool_tables_free(tables, n);
    return rc;
}
