#include "spool/maintenance/held_up.h"

#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include "spool/journal/first_page.h"
#include "spool/segment/segment.h"
#include "spool/store/table_dir.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLD 3u /* databases that a message names */

enum err_code held_up_first(const struct spool *s, const char *table, struct page_place place,
                            struct page_info *first, struct err *e)
{
    char dir[IO_PATH];
    enum err_code rc = table_dir(dir, s, table, e);
    *first = (struct page_info){.fetched = WHEN_NONE};
    return rc == OK ? first_page_behind(dir, table, place, first, e) : rc;
}

static int64_t earlier(int64_t a, int64_t b)
{
    if (a == WHEN_NONE || b == WHEN_NONE)
        return a == WHEN_NONE ? b : a;
    return a < b ? a : b;
}

static enum err_code note(struct held_up *all, const struct loaded_entry *d, struct err *e)
{
    size_t i = 0;
    while (i < all->count && strcmp(all->entries[i].id, d->id) != 0)
        i++;
    if (i < all->count) {
        struct loaded_entry *known = &all->entries[i];
        known->lacks = earlier(known->lacks, d->lacks);
        known->at = earlier(known->at, d->at);
        return OK;
    }
    struct loaded_entry *more = reallocarray(all->entries, all->count + 1, sizeof *more);
    if (!more)
        return err_set(e, ERR_NOMEM, "out of memory");
    all->entries = more;
    all->entries[all->count++] = *d;
    return OK;
}

/* Returns the number of the first segment that may not be removed. */
static uint64_t first_to_stay(const struct spool *s, const char *table, bool may_go)
{
    char dir[IO_PATH];
    struct segment_list list = {0};
    uint64_t newest = UINT64_MAX;
    if (may_go && table_dir(dir, s, table, NULL) == OK &&
        segment_list_read(&list, dir, NULL) == OK && list.count > 0)
        newest = list.entries[list.count - 1].number;
    segment_list_free(&list);
    return newest;
}

static int64_t lacks_since(const struct spool *s, const char *table, const struct loaded_entry *d,
                           uint64_t stays)
{
    struct page_info first;
    struct err why = ERR_INIT;
    int64_t since = WHEN_NONE;
    if (held_up_first(s, table, d->place, &first, &why) == OK && first.place.segment < stays)
        since = first.fetched;
    return d->holes > 0 && d->hole.segment < stays ? earlier(since, d->since) : since;
}

static enum err_code add_table(struct held_up *all, const struct spool *s, const char *table,
                               const struct held_up_what *what, struct err *e)
{
    struct loaded loaded;
    uint64_t stays = first_to_stay(s, table, what->may_go);
    enum err_code rc = OK;
    if (loaded_read(s, table, &loaded, NULL) != OK) /* reported where it is acted on */
        return OK;
    for (size_t i = 0; rc == OK && i < loaded.count; i++) {
        struct loaded_entry *d = &loaded.entries[i];
        d->lacks = lacks_since(s, table, d, stays);
        if (d->lacks != WHEN_NONE && d->lacks < what->before)
            rc = note(all, d, e);
    }
    loaded_free(&loaded);
    return rc;
}

static int by_time(const void *a, const void *b)
{
    int64_t x = ((const struct loaded_entry *)a)->lacks;
    int64_t y = ((const struct loaded_entry *)b)->lacks;
    return (x > y) - (x < y);
}

enum err_code held_up_list(struct held_up *all, const struct spool *s,
                           const struct held_up_what *what, struct err *e)
{
    char **names = NULL;
    size_t n = what->count;
    enum err_code rc = n == 0 ? spool_tables(s, &names, &n, e) : OK;
    *all = (struct held_up){0};
    for (size_t i = 0; rc == OK && i < n; i++)
        rc = add_table(all, s, names ? names[i] : what->tables[i], what, e);
    spool_tables_free(names, names ? n : 0);
    if (all->count > 1)
        qsort(all->entries, all->count, sizeof *all->entries, by_time);
    return rc;
}

void held_up_free(struct held_up *all)
{
    free(all->entries);
    *all = (struct held_up){0};
}

const char *held_up_text(const struct held_up *all, char *text, size_t n)
{
    char since[WHEN_TEXT];
    char at[WHEN_TEXT];
    size_t len = 0;
    size_t told = all->count < TOLD ? all->count : TOLD;
    text[0] = 0;
    for (size_t i = 0; i < told && len + 1 < n; i++) {
        const struct loaded_entry *d = &all->entries[i];
        int got =
            snprintf(text + len, n - len,
                     "%s the database %.100s lacks pages since %s (last heard of at %s)",
                     i == 0 ? ";" : ",", d->name, when_iso(d->lacks, since), when_iso(d->at, at));
        len += got > 0 ? (size_t)got : 0;
    }
    if (told > 0 && len + 1 < n)
        (void)snprintf(text + len, n - len,
                       "%s; one that is no more: netty-spool forget --database NAME",
                       told < all->count ? ", and others do" : "");
    return text;
}
