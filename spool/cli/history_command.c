/* `netty-spool history`: every version of one record in the spool, the oldest first, and what changed from one to the next. */
#include "shared/base/buf.h"
#include "shared/json/json_record.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct history {
    const struct spool_command *command;
    const char *id;
    char key[SPOOL_COMMAND_KEY_MAX];
    bool colour;
    struct json_splitter *now;
    struct json_splitter *before;
    struct buf last; /* the version before */
    struct buf out;
    uint64_t versions;
    uint64_t unreadable;
};

static bool is_same(const struct member *a, const struct member *b)
{
    return a && b && a->value_len == b->value_len && memcmp(a->value, b->value, a->value_len) == 0;
}

static const struct member *find(const struct record *r, const struct member *like)
{
    const struct member *found = NULL;
    for (size_t i = 0; i < r->count; i++)
        if (r->members[i].name_len == like->name_len &&
            memcmp(r->members[i].name, like->name, like->name_len) == 0)
            found = &r->members[i];
    return found;
}

static enum err_code add_name(struct history *h, const struct member *m, char sign, bool *first)
{
    enum err_code rc = OK;
    if (h->command->json) {
        if (!*first)
            rc = buf_addc(&h->out, ',');
        if (rc == OK)
            rc = buf_add(&h->out, m->raw_name, m->raw_name_len);
    } else {
        const char *paint = sign == '+' ? "\033[32m" : sign == '-' ? "\033[31m" : "\033[33m";
        rc = buf_addf(&h->out, " %s%c", h->colour ? paint : "", sign);
        if (rc == OK) /* as JSON, so that no control character reaches the terminal */
            rc = buf_add(&h->out, m->raw_name, m->raw_name_len);
        if (rc == OK && h->colour)
            rc = buf_adds(&h->out, "\033[0m");
    }
    *first = false;
    return rc;
}

/* Writes the differences: +new ~changed -gone. */
static enum err_code add_changes(struct history *h, const struct record *now,
                                 const struct record *before)
{
    bool first = true;
    enum err_code rc = OK;
    for (size_t i = 0; i < now->count && rc == OK; i++) {
        const struct member *old = find(before, &now->members[i]);
        if (!is_same(old, &now->members[i]))
            rc = add_name(h, &now->members[i], old ? '~' : '+', &first);
    }
    for (size_t i = 0; i < before->count && rc == OK; i++)
        if (!find(now, &before->members[i]))
            rc = add_name(h, &before->members[i], '-', &first);
    if (rc == OK && first && !h->command->json)
        rc = buf_adds(&h->out, h->versions ? " unchanged" : " first seen");
    return rc;
}

static enum err_code compose(struct history *h, const struct page_info *p, uint64_t line,
                             const struct record *now, const struct record *before)
{
    char text[WHEN_TEXT];
    enum err_code rc;
    if (!h->command->json) {
        if ((rc = buf_addf(&h->out, "%s  segment %" PRIu64 " page %" PRIu64 " line %" PRIu64 " ",
                           when_people(p->fetched, text), p->place.segment, p->place.page, line)) ==
            OK)
            rc = add_changes(h, now, before);
        return rc == OK ? buf_addc(&h->out, '\n') : rc;
    }
    if ((rc = buf_addf(&h->out,
                       "{\"fetched\":\"%s\",\"segment\":%" PRIu64 ",\"page\":%" PRIu64
                       ",\"line\":%" PRIu64 ",\"changed\":[",
                       when_iso(p->fetched, text), p->place.segment, p->place.page, line)) != OK ||
        (rc = add_changes(h, now, before)) != OK ||
        (rc = buf_adds(&h->out, "],\"record\":")) != OK ||
        (rc = buf_add(&h->out, now->text, now->len)) != OK)
        return rc;
    return buf_adds(&h->out, "}\n");
}

static enum err_code show(struct history *h, const struct page_info *p, uint64_t line,
                          const struct record *now, struct err *e)
{
    struct record before = {0};
    enum err_code rc = OK;
    if (h->versions > 0 &&
        (rc = json_splitter_run(h->before, h->last.data, h->last.len, &before, e)) != OK)
        return rc;
    if (h->versions == 0)
        before = *now; /* nothing has changed yet */
    buf_reset(&h->out);
    if ((rc = compose(h, p, line, now, &before)) != OK)
        return buf_err(e, rc, &h->out, "a version of the record");
    if (fwrite(h->out.data, 1, h->out.len, h->command->out) != h->out.len)
        return spool_command_written(h->command, e);
    h->versions++;
    buf_reset(&h->last);
    if ((rc = buf_add(&h->last, now->text, now->len)) != OK)
        return buf_err(e, rc, &h->last, "a version of the record");
    return OK;
}

static enum err_code on_page(void *ctx, struct reader *r, const struct page_info *info,
                             struct err *e)
{
    struct history *h = ctx;
    for (uint64_t number = info->first_line;; number++) {
        const char *line;
        size_t n;
        struct record record;
        enum err_code rc = reader_line(r, &line, &n, e);
        if (rc == ERR_TOO_BIG) {
            h->unreadable++;
            continue;
        }
        if (rc != OK || !line)
            return rc;
        enum spool_command_match match =
            spool_command_match(h->now, h->key, h->id, line, n, &record);
        h->unreadable += match == SPOOL_COMMAND_UNREADABLE;
        if (match == SPOOL_COMMAND_MATCH && (rc = show(h, info, number, &record, e)) != OK)
            return rc;
    }
}

static enum err_code show_table(const struct spool_command *c, const char *table, void *ctx,
                                struct err *e)
{
    struct history *h = ctx;
    struct spool_command_walk w = {.page = on_page, .ctx = h};
    enum err_code rc = spool_command_key(c, table, h->key, e);
    if (rc == OK)
        rc = spool_command_walk_pages(c, table, &w, e);
    if (rc == OK)
        rc = spool_command_written(c, e);
    if (rc == OK && h->versions == 0)
        rc = err_set(e, ERR_USAGE, "the spool holds no record of %s whose %s is %s", table, h->key,
                     h->id);
    if (rc == OK && w.damaged + h->unreadable > 0)
        rc =
            err_set(e, ERR_SET_ASIDE, "some records could not be read; there may be more versions");
    return rc;
}

/* Colours are used on a terminal that can show them, unless NO_COLOR is set (https://no-color.org). */
static bool wants_colour(void)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) == 1 && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

enum err_code spool_command_history(const struct spool_command *c, struct err *e)
{
    if (c->count != 2 || !*c->words[1])
        return err_set(e, ERR_USAGE, "history needs a table's name and a record's id");
    struct spool_command table = *c;
    table.count = 1;
    struct history h = {.command = &table, .id = c->words[1], .colour = wants_colour()};
    enum err_code rc;
    buf_init(&h.last, PAGE_LINE_MAX);
    buf_init(&h.out, PAGE_LINE_MAX + (1 << 20));
    if ((rc = json_splitter_open(&h.now, e)) == OK && (rc = json_splitter_open(&h.before, e)) == OK)
        rc = spool_command_each_table(&table, show_table, &h, e);
    json_splitter_close(h.now);
    json_splitter_close(h.before);
    buf_free(&h.last);
    buf_free(&h.out);
    return rc;
}
