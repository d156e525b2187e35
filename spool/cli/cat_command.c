#include "spool/cli/spool_command.h"

struct cat {
    const struct spool_command *command;
    const char *id; /* only this record's versions; NULL: all */
    char key[SPOOL_COMMAND_KEY_MAX];
    struct json_splitter *splitter;
    uint64_t damaged;
};

static enum err_code put_page(void *ctx, struct reader *r, const struct page_info *info,
                              struct err *e)
{
    struct cat *cat = ctx;
    (void)info;
    for (;;) {
        const char *line;
        size_t n;
        struct record record;
        enum err_code rc = reader_line(r, &line, &n, e);
        if (rc == ERR_TOO_BIG) {
            cat->damaged++;
            continue;
        }
        if (rc != OK || !line)
            return rc;
        enum spool_command_match match =
            cat->id ? spool_command_match(cat->splitter, cat->key, cat->id, line, n, &record)
                    : SPOOL_COMMAND_MATCH;
        cat->damaged += match == SPOOL_COMMAND_UNREADABLE;
        /* n + 1: the line end stands behind the line. */
        if (match == SPOOL_COMMAND_MATCH && fwrite(line, 1, n + 1, cat->command->out) != n + 1)
            return spool_command_written(cat->command, e);
    }
}

static enum err_code put_table(const struct spool_command *c, const char *table, void *ctx,
                               struct err *e)
{
    struct cat *cat = ctx;
    struct spool_command_walk w = {.page = put_page, .ctx = cat};
    enum err_code rc = cat->id ? spool_command_key(c, table, cat->key, e) : OK;
    if (rc == OK)
        rc = spool_command_walk_pages(c, table, &w, e);
    cat->damaged += w.damaged;
    return rc;
}

enum err_code spool_command_cat(const struct spool_command *c, struct err *e)
{
    struct cat cat = {.command = c};
    if (c->count == 0)
        return err_set(e, ERR_USAGE, "cat needs a table's name; `netty-spool ls` lists them");
    if (options_given(c->options, OPT_ID))
        cat.id = options_text(c->options, OPT_ID);
    enum err_code rc = cat.id ? json_splitter_open(&cat.splitter, e) : OK;
    if (rc == OK)
        rc = spool_command_each_table(c, put_table, &cat, e);
    if (rc == OK)
        rc = spool_command_written(c, e);
    if (cat.splitter)
        json_splitter_close(cat.splitter);
    if (rc == OK && cat.damaged > 0)
        rc = err_set(e, ERR_SET_ASIDE, "all but what is damaged was written");
    return rc;
}
