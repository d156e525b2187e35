#include "extract/run/known_records.h"

#include "shared/files/file_io.h"
#include "spool/reader/reader.h"
#include "spool/segment/segment.h"
#include <string.h>
#include <xxhash.h>

struct reading;
typedef enum err_code line_fn(struct reading *w, const char *line, size_t n, struct err *e);

/* Takes a record's key and hash. Returns false if it has no such key. */
static enum err_code take_apart(const struct known_records *k, const char *line, size_t n,
                                struct record *r, struct known_record *out, bool *keyed,
                                struct err *e)
{
    struct err odd = ERR_INIT;
    enum err_code rc = json_splitter_run(k->splitter, line, n, r, &odd);
    *keyed = false;
    if (rc != OK)
        return rc == ERR_NOMEM ? err_set(e, rc, "out of memory for a record") : OK;
    const struct member *key = record_find(r, k->key);
    const struct member *created = record_find(r, "time_created");
    if (key == NULL)
        return OK;
    const char *text = key->value;
    size_t len = key->value_len;
    if (key->kind == JSON_STRING && len >= 2) {
        text++;
        len -= 2;
    }
    *keyed = record_key_is_whole(text, len, &out->key);
    out->hash = created != NULL && created->kind == JSON_STRING
                    ? XXH3_64bits(created->value, created->value_len)
                    : XXH3_64bits(line, n);
    return OK;
}

static void note_time(struct known_records *k, const struct record *r, const struct zone *zone)
{
    const struct member *m = record_find(r, "time_modified");
    int64_t at = WHEN_NONE;
    if (m != NULL && m->kind == JSON_STRING && m->value_len >= 2 &&
        when_parse(m->value + 1, m->value_len - 2, zone, &at) == OK && at != WHEN_NONE &&
        (k->newest == WHEN_NONE || at > k->newest))
        k->newest = at;
}

struct reading {
    struct known_records *known;
    struct record_key *key;
    const struct zone *zone;
};

static enum err_code learn_key(struct reading *w, const char *line, size_t n, struct err *e)
{
    return record_key_add(w->key, line, n, e);
}

static enum err_code add(struct reading *w, const char *line, size_t n, struct err *e)
{
    struct known_records *k = w->known;
    struct known_record one;
    struct record r;
    bool keyed = false;
    enum err_code rc = take_apart(k, line, n, &r, &one, &keyed, e);
    if (rc != OK || !keyed)
        return rc;
    note_time(k, &r, w->zone);
    k->list[k->next] = one;
    k->next = (k->next + 1) % KNOWN_RECORDS_MAX;
    k->count += k->count < KNOWN_RECORDS_MAX;
    return OK;
}

/* Of the segments from that one on; what is damaged is passed over. */
static enum err_code each_line(const struct spool *s, const char *table, uint64_t segment,
                               line_fn *fn, struct reading *w, struct err *e)
{
    struct reader *r = NULL;
    const struct page_info *info = NULL;
    enum reader_what what = READER_DAMAGED;
    enum err_code rc = reader_open(&r, s, table, e);
    if (rc == OK)
        rc = reader_seek(r, (struct page_place){segment, 0}, e);
    while (rc == OK && (rc = reader_next(r, &info, &what, e)) == OK && what != READER_END) {
        const char *line = NULL;
        size_t n = 0;
        record_key_next_page(w->key);
        while (what == READER_PAGE && rc == OK && (rc = reader_line(r, &line, &n, e)) == OK &&
               line != NULL)
            rc = fn(w, line, n, e);
        if (rc == ERR_TOO_BIG || rc == ERR_DAMAGED)
            rc = OK;
    }
    if (r != NULL)
        reader_close(r);
    return rc;
}

static enum err_code read_from(struct reading *w, const struct spool *s, const char *table,
                               uint64_t segment, struct err *e)
{
    struct known_records *k = w->known;
    record_key_reset(w->key);
    enum err_code rc = each_line(s, table, segment, learn_key, w, e);
    const char *name = rc == OK ? record_key_name(w->key) : NULL;
    if (name == NULL)
        return rc;
    (void)memcpy(k->key, name, strnlen(name, sizeof k->key - 1) + 1);
    return each_line(s, table, segment, add, w, e);
}

enum err_code known_records_read(struct known_records *k, const struct spool *s, const char *table,
                                 const struct zone *zone, struct err *e)
{
    char dir[IO_PATH];
    struct segment_list list = {0};
    struct reading w = {.known = k, .zone = zone};
    enum err_code rc = io_path(dir, spool_dir(s), table, e);
    *k = (struct known_records){.newest = WHEN_NONE};
    if (rc == OK)
        rc = json_splitter_open(&k->splitter, e);
    if (rc == OK)
        rc = record_key_open(&w.key, table, e);
    if (rc == OK)
        rc = segment_list_read(&list, dir, e);
    for (size_t i = list.count; rc == OK && k->count == 0 && i > 0; i--)
        rc = read_from(&w, s, table, list.entries[i - 1].number, e);
    segment_list_free(&list);
    if (w.key != NULL)
        record_key_close(w.key);
    return rc;
}

enum err_code known_records_find(const struct known_records *k, const char *line, size_t n,
                                 bool *shown, struct err *e)
{
    struct known_record one;
    struct record r;
    bool keyed = false;
    enum err_code rc = take_apart(k, line, n, &r, &one, &keyed, e);
    for (size_t i = 0; rc == OK && keyed && !*shown && i < k->count; i++)
        *shown = k->list[i].key == one.key && k->list[i].hash == one.hash;
    return rc;
}

size_t known_records_newest(const struct known_records *k, size_t i)
{
    return (k->next + KNOWN_RECORDS_MAX - 1 - i) % KNOWN_RECORDS_MAX;
}

void known_records_free(struct known_records *k)
{
    if (k->splitter != NULL)
        json_splitter_close(k->splitter);
    *k = (struct known_records){.newest = WHEN_NONE};
}
