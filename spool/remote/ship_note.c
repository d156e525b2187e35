#include "spool/remote/ship_note.h"

#include "shared/files/file_io.h"
#include "shared/time/when.h"
#include "spool/format/checksum_line.h"
#include "spool/format/json_fields.h"
#include "spool/format/small_file.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <xxhash.h>

#define FORMAT 1

void ship_note_init(struct ship_note *n)
{
    *n = (struct ship_note){.written = WHEN_NONE,
                            .listed = WHEN_NONE,
                            .modified = WHEN_NONE,
                            .all = WHEN_NONE,
                            .whole_at = WHEN_NONE};
}

void ship_note_free(struct ship_note *n)
{
    free(n->tables);
    ship_note_init(n);
}

struct ship_table *ship_note_table(struct ship_note *n, const char *table)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->tables[i].table, table) == 0)
            return &n->tables[i];
    struct ship_table *more = realloc(n->tables, (n->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    n->tables = more;
    struct ship_table *t = &n->tables[n->count++];
    *t = (struct ship_table){.place = {0, 0}};
    (void)snprintf(t->table, sizeof t->table, "%s", table);
    return t;
}

enum err_code ship_note_copy(struct ship_note *to, const struct ship_note *from, struct err *e)
{
    struct ship_table *tables = malloc((from->count + 1) * sizeof *tables);
    if (!tables)
        return err_set(e, ERR_NOMEM, "out of memory");
    if (from->count > 0)
        memcpy(tables, from->tables, from->count * sizeof *tables);
    free(to->tables);
    *to = *from;
    to->tables = tables;
    return OK;
}

uint64_t ship_note_acked(const struct ship_note *n)
{
    uint64_t acked = n->number;
    for (size_t i = 0; n->host && i < n->count; i++)
        if (n->tables[i].place.page < acked)
            acked = n->tables[i].place.page;
    return acked;
}

bool ship_note_same_tables(const struct ship_note *a, const struct ship_note *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++) {
        const struct ship_table *x = &a->tables[i];
        const struct ship_table *y = &b->tables[i];
        same = strcmp(x->table, y->table) == 0 && page_compare(x->place, y->place) == 0 &&
               x->chain == y->chain && x->records == y->records && x->files == y->files &&
               x->roll == y->roll;
    }
    return same && a->files == b->files;
}

static enum err_code read_head(struct ship_note *n, const char *line, size_t length, struct err *e)
{
    uint64_t version = 0;
    uint64_t host = 0;
    struct field fields[] = {
        {.name = "netty_ship", .type = FIELD_COUNT, .to = &version},
        {.name = "remote", .type = FIELD_TEXT, .to = n->remote, .room = sizeof n->remote},
        {.name = "number", .type = FIELD_COUNT, .to = &n->number},
        {.name = "hash", .type = FIELD_HASH, .to = &n->hash},
        {.name = "size", .type = FIELD_COUNT, .to = &n->size, .optional = true},
        {.name = "modified", .type = FIELD_TIME, .to = &n->modified, .optional = true},
        {.name = "next", .type = FIELD_COUNT, .to = &n->next},
        {.name = "chain", .type = FIELD_TEXT, .to = n->chain, .room = sizeof n->chain},
        {.name = "written", .type = FIELD_TIME, .to = &n->written, .optional = true},
        {.name = "listed", .type = FIELD_TIME, .to = &n->listed, .optional = true},
        {.name = "gap", .type = FIELD_COUNT, .to = &n->gap},
        {.name = "files", .type = FIELD_HASH, .to = &n->files},
        {.name = "host", .type = FIELD_COUNT, .to = &host, .optional = true},
        {.name = "all", .type = FIELD_TIME, .to = &n->all, .optional = true},
        {.name = "whole", .type = FIELD_COUNT, .to = &n->whole, .optional = true},
        {.name = "whole_at", .type = FIELD_TIME, .to = &n->whole_at, .optional = true},
        {.name = "held", .type = FIELD_COUNT, .to = &n->held, .optional = true},
        {.name = "since", .type = FIELD_COUNT, .to = &n->since, .optional = true},
        {.name = "replaced", .type = FIELD_COUNT, .to = &n->replaced, .optional = true},
        {.name = "kept", .type = FIELD_COUNT, .to = &n->kept, .optional = true},
        {.name = "acked", .type = FIELD_COUNT, .to = &n->acked, .optional = true},
        {.name = "account",
         .type = FIELD_TEXT,
         .to = n->account,
         .room = sizeof n->account,
         .optional = true},
    };
    enum err_code rc = fields_read_head(line, length, fields, FIELDS(fields), FORMAT, e);
    n->host = host != 0;
    return rc;
}

static enum err_code on_line(void *ctx, uint64_t number, const char *line, size_t length,
                             struct err *e)
{
    struct ship_note *n = ctx;
    struct ship_table t = {.place = {0, 0}};
    struct field fields[] = {
        {.name = "table", .type = FIELD_TEXT, .to = t.table, .room = sizeof t.table},
        {.name = "segment", .type = FIELD_COUNT, .to = &t.place.segment},
        {.name = "page", .type = FIELD_COUNT, .to = &t.place.page},
        {.name = "chain", .type = FIELD_HASH, .to = &t.chain},
        {.name = "records", .type = FIELD_HASH, .to = &t.records},
        {.name = "files", .type = FIELD_HASH, .to = &t.files},
        {.name = "roll", .type = FIELD_HASH, .to = &t.roll, .optional = true},
    };
    if (number == 0)
        return read_head(n, line, length, e);
    enum err_code rc = fields_read(line, length, fields, FIELDS(fields), e);
    if (rc != OK)
        return rc;
    struct ship_table *to = ship_note_table(n, t.table);
    if (!to)
        return err_set(e, ERR_NOMEM, "out of memory");
    *to = t;
    return OK;
}

enum err_code ship_note_read(struct ship_note *n, const char *dir, const char *name, bool *there,
                             struct err *e)
{
    struct err why = ERR_INIT;
    ship_note_init(n);
    enum err_code rc = small_file_read(dir, name, on_line, n, &why);
    *there = rc == OK;
    if (rc == OK)
        return OK;
    ship_note_free(n);
    if (why.sys == ENOENT)
        return OK;
    if (e)
        *e = why;
    return rc;
}

static enum err_code add_time(struct buf *b, const char *name, int64_t at)
{
    char text[WHEN_TEXT];
    if (at == WHEN_NONE)
        return OK;
    return buf_addf(b, ",\"%s\":\"%s\"", name, when_iso(at, text));
}

static enum err_code add_count(struct buf *b, const char *name, uint64_t count)
{
    return count == 0 ? OK : buf_addf(b, ",\"%s\":%" PRIu64, name, count);
}

static enum err_code add_whole(struct buf *b, const struct ship_note *n)
{
    enum err_code rc;
    if ((rc = add_count(b, "whole", n->whole)) != OK ||
        (rc = add_time(b, "whole_at", n->whole_at)) != OK ||
        (rc = add_count(b, "held", n->held)) != OK ||
        (rc = add_count(b, "since", n->since)) != OK ||
        (rc = add_count(b, "replaced", n->replaced)) != OK ||
        (rc = add_count(b, "kept", n->kept)) != OK)
        return rc;
    return add_count(b, "acked", n->acked);
}

static enum err_code compose(struct buf *b, const struct ship_note *n)
{
    enum err_code rc;
    if ((rc = buf_addf(b, "{\"netty_ship\":%d,\"remote\":", FORMAT)) != OK ||
        (rc = buf_add_json(b, n->remote, strlen(n->remote))) != OK ||
        (rc = buf_addf(b,
                       ",\"number\":%" PRIu64 ",\"hash\":\"%016" PRIx64 "\",\"size\":%" PRIu64
                       ",\"next\":%" PRIu64 ",\"chain\":\"%s\",\"files\":\"%016" PRIx64
                       "\",\"gap\":%" PRIu64,
                       n->number, n->hash, n->size, n->next, n->chain, n->files, n->gap)) != OK ||
        (rc = add_time(b, "written", n->written)) != OK ||
        (rc = add_time(b, "modified", n->modified)) != OK ||
        (rc = add_time(b, "listed", n->listed)) != OK || (rc = add_time(b, "all", n->all)) != OK ||
        (rc = add_whole(b, n)) != OK || (n->host && (rc = buf_addf(b, ",\"host\":1")) != OK) ||
        (*n->account && (rc = buf_addf(b, ",\"account\":\"%s\"", n->account)) != OK) ||
        (rc = checksum_line_end(b, 0)) != OK)
        return rc;
    for (size_t i = 0; i < n->count && rc == OK; i++) {
        const struct ship_table *t = &n->tables[i];
        size_t start = b->len;
        if ((rc = buf_addf(b,
                           "{\"table\":\"%s\",\"segment\":%" PRIu64 ",\"page\":%" PRIu64
                           ",\"chain\":\"%016" PRIx64 "\",\"records\":\"%016" PRIx64
                           "\",\"files\":\"%016" PRIx64 "\",\"roll\":\"%016" PRIx64 "\"",
                           t->table, t->place.segment, t->place.page, t->chain, t->records,
                           t->files, t->roll)) == OK)
            rc = checksum_line_end(b, start);
    }
    return rc;
}

enum err_code ship_note_write(const struct ship_note *n, const char *dir, const char *name,
                              struct err *e)
{
    struct buf text;
    buf_init(&text, SMALL_FILE_MAX);
    enum err_code rc = compose(&text, n);
    if (rc != OK)
        (void)buf_err(e, rc, &text, name);
    else
        rc = io_replace(dir, name, text.data, text.len, e);
    buf_free(&text);
    return rc;
}

enum err_code ship_note_of_host(struct ship_note *n, const char *spool, const char *folder,
                                const char *name, bool *there, struct err *e)
{
    char parent[IO_PATH];
    char dir[IO_PATH];
    enum err_code rc;
    ship_note_init(n);
    *there = false;
    if ((rc = io_path(parent, spool, "..", e)) != OK ||
        (rc = io_path(dir, parent, folder, e)) != OK)
        return rc;
    rc = ship_note_read(n, dir, name, there, e);
    return rc == ERR_DAMAGED ? OK : rc;
}

enum err_code ship_lock(const char *dir, const char *what, int *fd, struct err *e)
{
    enum err_code rc = io_mkdirs(dir, e);
    if (rc != OK || (rc = io_open_folder(fd, dir, e)) != OK || flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return rc;
    return errno == EWOULDBLOCK ? err_set(e, ERR_BUSY, "%s is under way", what)
                                : err_sys(e, ERR_IO, "cannot lock %s", dir);
}

struct pushed {
    const char *spool;
    const char *dir;
    const char *table;
    int64_t since;
    struct page_place least;
    bool some;
};

void ship_note_name(char out[SHIP_NOTE_NAME], const char *remote, const char *of)
{
    (void)snprintf(out, SHIP_NOTE_NAME, "%016" PRIx64 "%s%s.json",
                   (uint64_t)XXH3_64bits(remote, strlen(remote)), *of ? "." : "", of);
}

bool ship_note_is_back(const char *name)
{
    const char *dot = strchr(name, '.');
    if (!dot || strncmp(dot, ".back.", 6) != 0)
        return false;
    dot += 6;
    return strspn(dot, "0123456789abcdef") == OBJECT_ID - 1 &&
           strcmp(dot + OBJECT_ID - 1, ".json") == 0;
}

/* Of an account that goes in a host's objects, the host's note knows when the last one was written, and of which chain it is: the place has
 * nothing of another one any more. Where there is no such note, the account's counts for ever; one of a puller does not count, for that one has gone. */
static enum err_code ask_host(const struct pushed *p, const char *name, struct ship_note *n,
                              struct err *e)
{
    struct ship_note host;
    bool there;
    enum err_code rc = ship_note_of_host(&host, p->spool, PUSH_DIR, name, &there, e);
    if (rc != OK)
        return rc;
    n->written = there ? host.written : ship_note_is_back(name) ? WHEN_NONE : INT64_MAX;
    if (there && strcmp(host.chain, n->chain) != 0)
        n->count = 0;
    ship_note_free(&host);
    return OK;
}

/* NAME.json counts as pushed, NAME.back.ID.json as loaded by that puller, NAME.next.json does not count yet. */
static enum err_code add_pushed(void *ctx, int dir, const char *name, struct err *e)
{
    struct pushed *p = ctx;
    struct ship_note n;
    bool there;
    const char *dot = strchr(name, '.');
    (void)dir;
    if ((!dot || dot == name || strcmp(dot, ".json") != 0) && !ship_note_is_back(name))
        return OK;
    enum err_code rc = ship_note_read(&n, p->dir, name, &there, e);
    if (rc == OK && there && n.host)
        rc = ask_host(p, name, &n, e);
    if (rc == OK && there && n.written != WHEN_NONE && n.written >= p->since) {
        struct page_place place = {0, 0};
        for (size_t i = 0; i < n.count; i++)
            if (strcmp(n.tables[i].table, p->table) == 0)
                place = n.tables[i].place;
        if (!p->some || page_compare(place, p->least) < 0)
            p->least = place;
        p->some = true;
    }
    ship_note_free(&n);
    return rc;
}

enum err_code ship_pushed(const struct spool *s, const char *table, int64_t since,
                          struct page_place *least, bool *some, struct err *e)
{
    char dir[IO_PATH];
    struct pushed p = {.spool = spool_dir(s), .dir = dir, .table = table, .since = since};
    enum err_code rc = io_path(dir, spool_dir(s), PUSH_DIR, e);
    if (rc == OK)
        rc = io_each_name(dir, true, add_pushed, &p, e);
    *least = p.least;
    *some = p.some;
    return rc;
}

enum err_code ship_check_own(const struct spool *s, struct err *e)
{
    struct ship_note n;
    struct err why = ERR_INIT;
    bool there = false;
    enum err_code rc = ship_note_read(&n, spool_dir(s), PULL_NOTE, &there, &why);
    if (rc == OK && !there)
        return OK;
    if (rc != OK && rc != ERR_DAMAGED) {
        *e = why;
        return rc;
    }
    (void)err_set(
        e, ERR_CONFIG,
        "the spool at %.500s is pulled%s%.200s, where another machine's netty-extract pushes it: "
        "nothing else may write pages here; name another spool (--spool)",
        spool_dir(s), there ? " from " : "", there ? n.remote : "");
    ship_note_free(&n);
    return ERR_CONFIG;
}
