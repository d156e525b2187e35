/* `netty-spool digest`: the digest of the newest version of each record in the spool, as upserts one by one would leave it: of a
 * record's versions the one with the greatest time. */
#include "shared/cli/summary.h"
#include "shared/json/json_forms.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include "spool/format/record_digest.h"
#include <stdlib.h>
#include <string.h>

#define ROOM       ((size_t)1 << 20) /* records in memory: 17 MiB; with more the spool is read again */
#define DIGITS_MAX 18                /* of a key, so that int64_t holds it */

struct work {
    struct record_digest *digest;
    struct json_splitter *splitter;
    struct zone *zone;
    char key[SPOOL_COMMAND_KEY_MAX];
    uint64_t damaged;
    uint64_t unusable; /* records that become dead letters, or whose key is no plain integer */
    struct summary *summary;
};

static bool read_key(const struct member *m, int64_t *key)
{
    const char *s;
    size_t n;
    if (!m || !json_number_text(m, &s, &n))
        return false;
    size_t sign = s[0] == '-';
    size_t digits = strspn(s + sign, "0123456789");
    if (digits + sign != n || digits > DIGITS_MAX)
        return false;
    *key = strtoll(s, NULL, 10);
    return true;
}

/* As in the loader, a time that has no known form counts as no time. */
static int64_t read_time(const struct work *w, const struct member *m)
{
    int64_t time;
    if (!m || m->kind != JSON_STRING ||
        when_parse(m->value + 1, m->value_len - 2, w->zone, &time) != OK)
        return WHEN_NONE;
    return time;
}

static enum err_code on_page(void *ctx, struct reader *r, const struct page_info *info,
                             struct err *e)
{
    struct work *w = ctx;
    (void)info;
    for (;;) {
        const char *line;
        size_t n;
        struct record record;
        int64_t key;
        enum err_code rc = reader_line(r, &line, &n, e);
        if (rc == ERR_TOO_BIG) {
            w->unusable++;
            continue;
        }
        if (rc != OK || !line)
            return rc;
        if (json_splitter_run(w->splitter, line, n, &record, NULL) == OK &&
            read_key(record_find(&record, w->key), &key))
            record_digest_add(w->digest, key, read_time(w, record_find(&record, "time_modified")));
        else
            w->unusable++;
    }
}

static enum err_code digest_table(const struct spool_command *c, const char *table, void *ctx,
                                  struct err *e)
{
    struct work *w = ctx;
    char text[RECORD_DIGEST_TEXT];
    uint64_t records;
    uint64_t unusable;
    enum err_code rc;
    if ((rc = spool_command_key(c, table, w->key, e)) != OK ||
        (rc = record_digest_open(&w->digest, ROOM, e)) != OK)
        return rc;
    do {
        struct spool_command_walk walk = {.page = on_page, .ctx = w};
        unusable = w->unusable;
        record_digest_begin(w->digest);
        rc = spool_command_walk_pages(c, table, &walk, e);
        w->damaged += walk.damaged;
        unusable = w->unusable - unusable;
    } while (rc == OK && record_digest_again(w->digest));
    record_digest_result(w->digest, text, &records);
    record_digest_close(w->digest);
    const struct cell cells[] = {
        {.name = "table", .type = CELL_STR, .str = table},
        {.name = "records", .type = CELL_INT, .num = (int64_t)records},
        {.name = "digest", .type = CELL_STR, .str = text},
        {.name = "unusable", .type = CELL_INT, .num = (int64_t)unusable},
    };
    return rc == OK ? summary_row(w->summary, cells, sizeof cells / sizeof cells[0], e) : rc;
}

enum err_code spool_command_digest(const struct spool_command *c, struct err *e)
{
    struct work w = {0};
    enum err_code rc;
    if ((rc = summary_open(&w.summary, c->json, e)) == OK &&
        (rc = options_zone(c->options, &w.zone, e)) == OK &&
        (rc = json_splitter_open(&w.splitter, e)) == OK &&
        (rc = spool_command_each_table(c, digest_table, &w, e)) == OK &&
        (rc = summary_print(w.summary, c->out, e)) == OK)
        rc = spool_command_written(c, e);
    summary_close(w.summary);
    if (w.zone)
        zone_close(w.zone);
    if (w.splitter)
        json_splitter_close(w.splitter);
    if (rc == OK && w.damaged + w.unusable > 0)
        rc = err_set(e, ERR_SET_ASIDE, "some records could not be read and are not in the digest");
    return rc;
}
