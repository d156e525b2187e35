#include "spool/maintenance/disk_space.h"

#include "shared/time/when.h"
#include "spool/journal/journal_scan.h"
#include "spool/maintenance/held_up.h"
#include "spool/store/table_dir.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define MIB (1 << 20)

struct disk_space {
    const struct spool *spool;
    struct disk_space_conf conf;
    bool looked;
    int64_t at;     /* when_tick() of the last look, */
    struct err err; /* and what it told */
};

enum err_code disk_space_segment(const char *dir, uint64_t number, int64_t *bytes, struct err *e)
{
    char path[IO_PATH];
    struct stat st;
    *bytes = 0;
    for (unsigned kind = 0; kind < SEGMENT_FILES; kind++) {
        enum err_code rc = segment_path(path, dir, number, (enum segment_file)kind, e);
        if (rc != OK)
            return rc;
        if (lstat(path, &st) == 0)
            *bytes += st.st_size;
        else if (errno != ENOENT)
            return err_sys(e, ERR_IO, "cannot look at %s", path);
    }
    return OK;
}

struct adding {
    const char *dir;
    int64_t bytes;
};

/* A file that vanishes meanwhile does not count. */
static enum err_code add_file(void *ctx, int dir, const char *name, struct err *e)
{
    struct adding *a = ctx;
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        a->bytes += S_ISREG(st.st_mode) ? st.st_size : 0;
    else if (errno != ENOENT)
        return err_sys(e, ERR_IO, "cannot look at %s/%s", a->dir, name);
    return OK;
}

static enum err_code add_files(const char *dir, int64_t *bytes, struct err *e)
{
    struct adding a = {.dir = dir};
    struct err why = ERR_INIT;
    enum err_code rc = io_each_name(dir, true, add_file, &a, &why);
    *bytes += a.bytes;
    if (rc == OK || why.sys == EACCES)
        return OK; /* a folder that cannot be entered is reported for its table */
    if (e != NULL)
        *e = why;
    return rc;
}

typedef enum err_code table_fn(const struct spool *s, const char *table, int64_t *bytes,
                               struct err *e);

static enum err_code each_table(const struct spool *s, table_fn *fn, int64_t *bytes, struct err *e)
{
    char **tables;
    size_t n;
    enum err_code rc = spool_tables(s, &tables, &n, e);
    for (size_t i = 0; rc == OK && i < n; i++)
        rc = fn(s, tables[i], bytes, e);
    spool_tables_free(tables, n);
    return rc;
}

static enum err_code add_table(const struct spool *s, const char *table, int64_t *bytes,
                               struct err *e)
{
    char dir[IO_PATH];
    enum err_code rc = table_dir(dir, s, table, e);
    return rc == OK ? add_files(dir, bytes, e) : rc;
}

enum err_code disk_space_spool(const struct spool *s, int64_t *bytes, struct err *e)
{
    *bytes = 0;
    enum err_code rc = add_files(spool_dir(s), bytes, e);
    return rc == OK ? each_table(s, add_table, bytes, e) : rc;
}

/* Adds the pages of the newest segment that wait: it is not compressed, and is loaded page by page. */
static enum err_code add_pages(const char *dir, const char *table, struct page_place after,
                               int64_t *bytes, struct err *e)
{
    struct journal_scan *scan;
    enum journal_scan_what what;
    struct err damage;
    enum err_code rc = journal_scan_open(&scan, dir, table, JOURNAL_SCAN_LOOK, e);
    if (rc != OK)
        return rc;
    journal_scan_seek(scan, after);
    while ((rc = journal_scan_next(scan, &what, &damage)) == OK && what != JOURNAL_SCAN_END)
        if (what == JOURNAL_SCAN_PAGE)
            *bytes += (int64_t)journal_scan_page(scan)->bytes;
    if (rc != OK && e)
        *e = damage;
    journal_scan_close(scan);
    return rc;
}

static enum err_code add_waiting(const struct spool *s, const char *table, int64_t *bytes,
                                 struct err *e)
{
    char dir[IO_PATH];
    struct loaded loaded;
    struct segment_list list = {0};
    enum err_code rc = loaded_read(s, table, &loaded, e);
    if (rc == ERR_DAMAGED)
        rc = OK; /* with a damaged file nothing counts as loaded */
    if (rc != OK)
        return rc;
    struct page_place least = loaded_least(&loaded);
    loaded_free(&loaded);
    if ((rc = table_dir(dir, s, table, e)) != OK || (rc = segment_list_read(&list, dir, e)) != OK)
        return rc;
    uint64_t newest = 0;
    for (size_t i = 0; i < list.count; i++)
        if (list.entries[i].files & SEGMENT_HAS(SEGMENT_JOURNAL))
            newest = list.entries[i].number;
    for (size_t i = 0; i < list.count && rc == OK; i++) {
        int64_t size = 0;
        if (list.entries[i].number < least.segment || list.entries[i].number >= newest)
            continue;
        /* A segment that is loaded to its last page counts until a page behind it is loaded. */
        rc = disk_space_segment(dir, list.entries[i].number, &size, e);
        *bytes += size;
    }
    segment_list_free(&list);
    struct page_place start = {newest, 0};
    if (rc == OK && newest > 0)
        rc = add_pages(dir, table, page_compare(least, start) > 0 ? least : start, bytes, e);
    return rc;
}

enum err_code disk_space_waiting(const struct spool *s, int64_t *bytes, struct err *e)
{
    *bytes = 0;
    return each_table(s, add_waiting, bytes, e);
}

enum err_code disk_space_free(const struct spool *s, int64_t *bytes, struct err *e)
{
    struct statvfs v;
    if (statvfs(spool_dir(s), &v) != 0)
        return err_sys(e, ERR_IO, "cannot ask how full the disk of %s is", spool_dir(s));
    uint64_t left = (uint64_t)v.f_bavail * (uint64_t)v.f_frsize;
    *bytes = left > INT64_MAX ? INT64_MAX : (int64_t)left;
    return OK;
}

/* Returns which databases keep the spool so full; one of them may no longer exist. */
static const char *who(const struct spool *s, char text[HELD_UP_TEXT])
{
    const struct held_up_what what = {.before = INT64_MAX};
    struct held_up all;
    text[0] = 0;
    if (held_up_list(&all, s, &what, NULL) == OK)
        (void)held_up_text(&all, text, HELD_UP_TEXT);
    held_up_free(&all);
    return text;
}

static enum err_code check_limits(const struct spool *s, const struct disk_space_conf *conf,
                                  struct err *e)
{
    int64_t bytes = 0;
    char text[HELD_UP_TEXT];
    enum err_code rc;
    if (conf->least > 0) {
        if ((rc = disk_space_free(s, &bytes, e)) != OK)
            return rc;
        if (bytes < conf->least)
            return err_set(e, ERR_FULL,
                           "paused: the disk of %s has %" PRId64 " MiB left, less than "
                           "--spool-free; make room (netty-load and netty-spool prune remove "
                           "what is loaded), the next run goes on from here%s",
                           spool_dir(s), bytes / MIB, who(s, text));
    }
    if (conf->max > 0) {
        if ((rc = disk_space_waiting(s, &bytes, e)) != OK)
            return rc;
        if (bytes > conf->max)
            return err_set(e, ERR_FULL,
                           "paused: %" PRId64 " bytes in %s wait to be loaded, more than "
                           "--spool-max; run netty-load, the next run goes on from here%s",
                           bytes, spool_dir(s), who(s, text));
    }
    return OK;
}

enum err_code disk_space_open(struct disk_space **r, const struct spool *s,
                              const struct disk_space_conf *conf, struct err *e)
{
    *r = malloc(sizeof **r);
    if (!*r)
        return err_set(e, ERR_NOMEM, "out of memory");
    **r = (struct disk_space){.spool = s, .conf = *conf};
    return OK;
}

enum err_code disk_space_check(struct disk_space *r, struct err *e)
{
    int64_t now = when_tick();
    if (!r->looked || now - r->at >= WHEN_SECOND) {
        r->err = ERR_INIT;
        r->err.code = check_limits(r->spool, &r->conf, &r->err);
        r->looked = true;
        r->at = now;
    }
    if (r->err.code != OK)
        *e = r->err;
    return r->err.code;
}

void disk_space_close(struct disk_space *r)
{
    free(r);
}
