#include "shared/base/table_names.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/cli/spool_command.h"
#include <errno.h>
#include <string.h>

static bool is_there(const char *name, char *const *tables, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(tables[i], name) == 0)
            return true;
    return false;
}

static enum err_code check_words(const struct spool_command *c, char *const *tables, size_t n,
                                 struct err *e)
{
    for (size_t i = 0; i < c->count; i++) {
        enum err_code rc = names_check_table(c->words[i], "the command line", e);
        if (rc != OK)
            return rc;
        if (!is_there(c->words[i], tables, n))
            return err_set(e, ERR_USAGE,
                           "the spool at %s has no table %s; `netty-spool ls` lists those it has",
                           spool_dir(c->spool), c->words[i]);
    }
    return OK;
}

enum err_code spool_command_check_tables(const struct spool_command *c, struct err *e)
{
    char **tables;
    size_t n;
    enum err_code rc = spool_tables(c->spool, &tables, &n, e);
    if (rc == OK)
        rc = check_words(c, tables, n, e);
    spool_tables_free(tables, n);
    return rc;
}

enum err_code spool_command_each_table(const struct spool_command *c, spool_command_table_fn *fn,
                                       void *ctx, struct err *e)
{
    char **tables;
    size_t n;
    enum err_code rc = spool_tables(c->spool, &tables, &n, e);
    if (rc != OK || (rc = check_words(c, tables, n, e)) != OK)
        goto done;
    if (c->count > 0) {
        for (size_t i = 0; i < c->count && rc == OK; i++)
            rc = fn(c, c->words[i], ctx, e);
    } else {
        for (size_t i = 0; i < n && rc == OK; i++)
            rc = fn(c, tables[i], ctx, e);
    }
done:
    spool_tables_free(tables, n);
    return rc;
}

struct choice {
    uint64_t segment; /* 0: all */
    int64_t from;
    int64_t to;
};

static struct choice read_choice(const struct options *o)
{
    struct choice c = {.from = INT64_MIN, .to = INT64_MAX};
    if (options_given(o, OPT_SEGMENT))
        c.segment = (uint64_t)options_int(o, OPT_SEGMENT);
    if (options_given(o, OPT_FROM))
        c.from = options_int(o, OPT_FROM);
    if (options_given(o, OPT_TO))
        c.to = options_int(o, OPT_TO);
    return c;
}

static enum err_code on_damage(struct spool_command_walk *w, const char *table,
                               const struct page_info *info, const struct err *what, struct err *e)
{
    w->damaged++;
    if (w->damage)
        return w->damage(w->ctx, info, what, e);
    LOG(LOG_ERROR, "damage", "a part of the spool is damaged", F_STR("table", table), F_ERR(what));
    return OK;
}

static enum err_code walk(struct reader *r, const char *table, struct choice chosen,
                          struct spool_command_walk *w, struct err *e)
{
    struct page_place end = {chosen.segment + 1, 0};
    for (;;) {
        const struct page_info *info;
        enum reader_what what;
        struct err damage = ERR_INIT;
        enum err_code rc = reader_next(r, &info, &what, &damage);
        if (rc != OK) {
            *e = damage;
            return rc;
        }
        if (what == READER_END || (chosen.segment && page_compare(info->place, end) > 0))
            return OK;
        if (what == READER_DAMAGED)
            rc = on_damage(w, table, info, &damage, e);
        else if (info->fetched >= chosen.from && info->fetched < chosen.to)
            rc = w->page(w->ctx, r, info, e);
        if (rc != OK)
            return rc;
    }
}

enum err_code spool_command_walk_pages(const struct spool_command *c, const char *table,
                                       struct spool_command_walk *w, struct err *e)
{
    struct reader *r;
    struct choice chosen = read_choice(c->options);
    enum err_code rc = w->trusting ? reader_open_trusting(&r, c->spool, table, e)
                                   : reader_open(&r, c->spool, table, e);
    if (rc != OK)
        return rc;
    struct page_place start = {chosen.segment, 0};
    if (chosen.segment == 0 || (rc = reader_seek(r, start, e)) == OK)
        rc = walk(r, table, chosen, w, e);
    reader_close(r);
    return rc;
}

enum err_code spool_command_found(enum err_code code, const char *what, const char *detail,
                                  struct err *e)
{
    LOG(LOG_ERROR, "found", what, F_STR("error", detail));
    *e = (struct err){.code = code};
    return code;
}

enum err_code spool_command_written(const struct spool_command *c, struct err *e)
{
    if (fflush(c->out) == 0 && !ferror(c->out))
        return OK;
    return err_sys(e, errno == EPIPE ? ERR_INTERRUPTED : ERR_IO, "cannot write to standard output");
}
