#include "load/check/archived_records.h"
#include "load/row/json_number.h"
#include "load/row_moves/archive_file.h"
#include "shared/files/file_io.h"
#include "shared/json/json_record.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

struct lookup {
    struct archived_records *archived;
    struct json_splitter *splitter;
    const struct latest_versions_version *versions;
    const struct latest_versions_version **sorted; /* by key */
    size_t count;
    bool *found;
};

static int by_key(const void *a, const void *b)
{
    const struct latest_versions_version *x = *(const struct latest_versions_version *const *)a;
    const struct latest_versions_version *y = *(const struct latest_versions_version *const *)b;

    return x->key < y->key ? -1 : x->key > y->key;
}

/* "contacts-20260105T101112.123456Z.ndjson.zst"; of contacts-old it is not. */
static bool is_of_table(const char *name, const char *table)
{
    static const char end[] = ".ndjson.zst";
    size_t n = strlen(name);
    size_t of = strlen(table);

    return n > of + sizeof end && strncmp(name, table, of) == 0 && name[of] == '-' &&
           strcspn(name + of + 1, "T") == 8 && strspn(name + of + 1, "0123456789") == 8 &&
           strcmp(name + n - (sizeof end - 1), end) == 0;
}

/* PostgreSQL wrote it, with its offset. */
static int64_t time_of(const struct member *m, const struct zone *zone)
{
    int64_t t = WHEN_NONE;

    if (m == NULL || m->kind != JSON_STRING || m->value_len < 2 ||
        when_parse(m->value + 1, m->value_len - 2, zone, &t) != OK)
        return WHEN_NONE;
    return t;
}

static void take_row(struct lookup *l, const struct record *r)
{
    const struct member *key = record_find(r, l->archived->key);
    struct latest_versions_version wanted = {0};
    const struct latest_versions_version *at = &wanted;

    if (key == NULL || key->kind != JSON_NUMBER ||
        json_number_to_int64(key->value, key->value_len, &wanted.key) != JSON_NUMBER_INTEGER)
        return;
    const struct latest_versions_version **v =
        bsearch(&at, l->sorted, l->count, sizeof(void *), by_key);
    int64_t time = time_of(record_find(r, "time_modified"), l->archived->zone);
    if (v != NULL && ((*v)->time == WHEN_NONE || (time != WHEN_NONE && time >= (*v)->time)))
        l->found[*v - l->versions] = true;
}

/* A row that cannot be taken apart is none that is looked for: restore names it. */
static enum err_code take_file(struct lookup *l, const char *path, struct err *e)
{
    struct archive_file_reader *r = NULL;
    struct record record;
    const char *line = NULL;
    size_t n = 0;
    enum err_code rc = archive_file_read_open(&r, path, false, e);

    if (rc != OK)
        return rc;
    while ((rc = archive_file_line(r, &line, &n, e)) == OK && line != NULL)
        if (json_splitter_run(l->splitter, line, n, &record, NULL) == OK)
            take_row(l, &record);
    archive_file_read_close(r);
    return rc;
}

static enum err_code take_name(void *ctx, int dir, const char *name, struct err *e)
{
    struct lookup *l = ctx;
    struct archived_records *f = l->archived;
    char path[IO_PATH];

    (void)dir;
    if (!is_of_table(name, f->table))
        return OK;
    enum err_code rc = io_path(path, f->dir, name, &f->why);
    if (rc == OK)
        rc = take_file(l, path, &f->why);
    if (rc == ERR_NOMEM) {
        *e = f->why;
        return rc;
    }
    f->unread += rc != OK;
    return OK;
}

enum err_code archived_records_look(struct archived_records *f,
                                    const struct latest_versions_version *versions, size_t n,
                                    bool *found, struct err *e)
{
    struct lookup l = {.archived = f, .versions = versions, .count = n, .found = found};
    enum err_code rc = OK;

    memset(found, 0, n * sizeof *found);
    f->unread = 0;
    l.sorted = calloc(n + 1, sizeof(void *));
    if (l.sorted == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory");
    if (rc == OK && (rc = json_splitter_open(&l.splitter, e)) == OK) {
        for (size_t i = 0; i < n; i++)
            l.sorted[i] = &versions[i];
        qsort(l.sorted, n, sizeof(void *), by_key);
        rc = io_each_name(f->dir, true, take_name, &l, e);
        json_splitter_close(l.splitter);
    }
    free(l.sorted);
    return rc;
}
