#include "spool/segment/segment.h"

#include "shared/base/array.h"
#include "shared/files/safe_file.h"
#include "spool/segment/pruned.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS 10

static const char *const endings[SEGMENT_FILES] = {
    [SEGMENT_JOURNAL] = ".journal",    [SEGMENT_DATA] = ".ndjson",
    [SEGMENT_ZST] = ".ndjson.zst",     [SEGMENT_NEW] = ".ndjson.new",
    [SEGMENT_TMP] = ".ndjson.zst.tmp",
};

const char *segment_name(char out[SEGMENT_NAME_MAX], uint64_t number, enum segment_file kind)
{
    (void)snprintf(out, SEGMENT_NAME_MAX, "%010" PRIu64 "%s", number, endings[kind]);
    return out;
}

enum err_code segment_path(char out[IO_PATH], const char *dir, uint64_t number,
                           enum segment_file kind, struct err *e)
{
    char name[SEGMENT_NAME_MAX];
    return io_path(out, dir, segment_name(name, number, kind), e);
}

/* The reverse of segment_name. Returns false for a name that is no segment's. */
static bool segment_parse(const char *name, uint64_t *number, enum segment_file *kind)
{
    uint64_t n = 0;
    for (int i = 0; i < DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(name[i] - '0');
    }
    for (unsigned k = 0; n > 0 && k < SEGMENT_FILES; k++) {
        if (strcmp(name + DIGITS, endings[k]) == 0) {
            *number = n;
            *kind = (enum segment_file)k;
            return true;
        }
    }
    return false;
}

static int by_number(const void *a, const void *b)
{
    const struct segment_entry *x = a;
    const struct segment_entry *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The list has one entry for each file; joins the entries of one number. */
static void merge(struct segment_list *list)
{
    size_t kept = 0;
    if (list->count == 0)
        return;
    qsort(list->entries, list->count, sizeof *list->entries, by_number);
    for (size_t i = 1; i < list->count; i++) {
        if (list->entries[i].number == list->entries[kept].number)
            list->entries[kept].files |= list->entries[i].files;
        else
            list->entries[++kept] = list->entries[i];
    }
    list->count = kept + 1;
}

struct growing {
    struct segment_list *list;
    size_t capacity;
};

static enum err_code add(void *ctx, int dir, const char *name, struct err *e)
{
    struct growing *g = ctx;
    struct segment_list *list = g->list;
    uint64_t number;
    enum segment_file kind;
    (void)dir;
    if (!segment_parse(name, &number, &kind))
        return OK;
    struct segment_entry *more =
        array_room(list->entries, &g->capacity, list->count, sizeof *more, e);
    if (more == NULL)
        return ERR_NOMEM;
    list->entries = more;
    list->entries[list->count++] =
        (struct segment_entry){.number = number, .files = SEGMENT_HAS(kind)};
    return OK;
}

enum err_code segment_list_all(struct segment_list *list, const char *dir, struct err *e)
{
    struct growing g = {.list = list};
    *list = (struct segment_list){0};
    enum err_code rc = io_each_name(dir, true, add, &g, e);
    if (rc == OK)
        merge(list);
    else
        segment_list_free(list);
    return rc;
}

/* Reads the folder first and pruned.json then, so that a segment which is pruned in between is not listed in part. A damaged
 * pruned.json hides nothing; `netty-spool verify` names it. */
enum err_code segment_list_read(struct segment_list *list, const char *dir, struct err *e)
{
    size_t gone = 0;
    uint64_t pruned = 0;
    enum err_code rc = segment_list_all(list, dir, e);
    if (rc != OK)
        return rc;
    rc = pruned_read(dir, &pruned, e);
    if (rc != OK && rc != ERR_DAMAGED) {
        segment_list_free(list);
        return rc;
    }
    while (gone < list->count && list->entries[gone].number <= pruned)
        gone++;
    list->count -= gone;
    if (gone > 0)
        memmove(list->entries, list->entries + gone, list->count * sizeof *list->entries);
    list->pruned = pruned;
    return OK;
}

void segment_list_free(struct segment_list *list)
{
    free(list->entries);
    *list = (struct segment_list){0};
}

const struct segment_entry *segment_list_from(const struct segment_list *list, uint64_t number)
{
    const unsigned seen =
        SEGMENT_HAS(SEGMENT_JOURNAL) | SEGMENT_HAS(SEGMENT_DATA) | SEGMENT_HAS(SEGMENT_ZST);
    for (size_t i = 0; i < list->count; i++)
        if (list->entries[i].number >= number && (list->entries[i].files & seen))
            return &list->entries[i];
    return NULL;
}

static bool is_leftover(const char *name)
{
    uint64_t number;
    enum segment_file kind;
    /* io_replace's temporaries: .0000000007.journal.XXXXXX */
    if (name[0] == '.')
        return strspn(name + 1, "0123456789") == DIGITS && strchr(name + 1, '.');
    return segment_parse(name, &number, &kind) && (kind == SEGMENT_NEW || kind == SEGMENT_TMP);
}

static enum err_code remove_leftover(void *ctx, int dir, const char *name, struct err *e)
{
    const char *const *path = ctx;
    if (is_leftover(name) && unlinkat(dir, name, 0) != 0)
        return err_sys(e, ERR_IO, "cannot remove %s/%s", *path, name);
    return OK;
}

enum err_code segment_tidy(const char *dir, struct err *e)
{
    return io_each_name(dir, false, remove_leftover, &dir, e);
}

enum err_code segment_open(int *fd, const char *dir, uint64_t number, enum segment_file kind,
                           int flags, struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = segment_path(path, dir, number, kind, e);
    if (rc != OK)
        return rc;
    return safe_open(fd, path, flags, e);
}

enum err_code segment_remove(const char *dir, uint64_t number, enum segment_file kind,
                             struct err *e)
{
    char path[IO_PATH];
    enum err_code rc = segment_path(path, dir, number, kind, e);
    return rc == OK ? safe_remove(path, e) : rc;
}

enum err_code segment_rename(const char *dir, uint64_t number, enum segment_file from,
                             enum segment_file to, struct err *e)
{
    char old[IO_PATH];
    char new[IO_PATH];
    enum err_code rc;
    if ((rc = segment_path(old, dir, number, from, e)) != OK ||
        (rc = segment_path(new, dir, number, to, e)) != OK)
        return rc;
    return safe_rename(old, new, e);
}

enum err_code segment_sync(int fd, const char *dir, uint64_t number, enum segment_file kind,
                           struct err *e)
{
    char name[SEGMENT_NAME_MAX];
    if (fdatasync(fd) != 0)
        return err_sys(e, ERR_IO, "cannot sync %s/%s", dir, segment_name(name, number, kind));
    return OK;
}

enum err_code segment_close(int *fd, const char *dir, uint64_t number, enum segment_file kind,
                            struct err *e)
{
    char name[SEGMENT_NAME_MAX];
    int was = *fd;
    *fd = -1;
    /* After EINTR Linux has closed the descriptor all the same. */
    if (was >= 0 && close(was) != 0 && errno != EINTR)
        return err_sys(e, ERR_IO, "cannot close %s/%s", dir, segment_name(name, number, kind));
    return OK;
}

void segment_drop(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}
