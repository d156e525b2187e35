#include "tests/sim/control.h"

#include "tests/sim/api/page.h"
#include "tests/sim/base/stamp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
    struct world *w;
    const struct request *request;
    struct reply *reply;
};

static enum err_code refuse(struct reply *reply, unsigned status, const char *message)
{
    reply->status = status;
    buf_reset(&reply->body);
    return page_error(status, message, &reply->body);
}

/* ---- changes of records ---- */

static const struct {
    const char *path;
    enum change_kind kind;
} changes[] = {
    {"edit", CHANGE_EDIT},         {"insert", CHANGE_INSERT},   {"delete", CHANGE_DELETE},
    {"mark-deleted", CHANGE_MARK}, {"tie", CHANGE_TIE},         {"future", CHANGE_FUTURE},
    {"timeless", CHANGE_TIMELESS}, {"restore", CHANGE_RESTORE},
};

static enum err_code read_change(const struct command *c, struct change *change, struct err *e)
{
    enum err_code rc;
    const struct args *args = &c->request->args;
    int64_t n = 1, id = 0, seed = (int64_t)++c->w->changes, spread = 0, ahead = 0;
    const int64_t century = INT64_C(100) * 365 * 86400;
    if ((rc = args_count(args, "n", TABLE_MAX_RECORDS, &n, e)) != OK ||
        (rc = args_count(args, "id", UINT32_MAX, &id, e)) != OK ||
        (rc = args_count(args, "seed", INT64_MAX, &seed, e)) != OK ||
        (rc = args_count(args, "spread", century, &spread, e)) != OK ||
        (rc = args_count(args, "ahead", century, &ahead, e)) != OK)
        return rc;
    change->n = (size_t)n;
    change->id = (uint32_t)id;
    change->seed = (uint64_t)seed;
    change->now = world_now(c->w);
    change->spread = spread * WHEN_SECOND;
    change->ahead = ahead * WHEN_SECOND;
    return OK;
}

static enum err_code change_records(const struct command *c, enum change_kind kind, struct err *e)
{
    enum err_code rc;
    struct change change = {.kind = kind};
    size_t changed = 0;
    const char *name = args_get(&c->request->args, "table");
    const struct world_table *t = name != NULL ? world_table(c->w, name) : NULL;
    if (t == NULL)
        return refuse(c->reply, 404, "table=: there is no such table");
    change.timeless = t->mood.born_timeless != 0;
    if ((rc = read_change(c, &change, e)) != OK ||
        (rc = table_change(t->table, &change, &changed, e)) != OK)
        return rc;
    return buf_addf(&c->reply->body, "{\"table\":\"%s\",\"changed\":%zu,\"count\":%zu}\n", name,
                    changed, table_count(t->table));
}

/* ---- the rest ---- */

static enum err_code show_table(struct buf *out, const struct world_table *t)
{
    enum err_code rc;
    if ((rc = buf_addf(out,
                       "{\"table\":\"%s\",\"key\":\"%s\",\"count\":%zu,\"timed\":%zu,"
                       "\"next_id\":%u,\"requests\":%llu,\"faults\":%lld,\"mood\":",
                       table_name(t->table), table_key(t->table), table_count(t->table),
                       table_timed_end(t->table) - table_timed_begin(t->table),
                       table_next_id(t->table), (unsigned long long)t->requests,
                       (long long)t->faults)) != OK ||
        (rc = mood_show(&t->mood, out)) != OK)
        return rc;
    return buf_addc(out, '}');
}

static enum err_code show_state(const struct command *c, struct err *e)
{
    char now[STAMP_TEXT];
    struct buf *out = &c->reply->body;
    (void)stamp_text(STAMP_FRACTION, 0, world_now(c->w), now);
    enum err_code rc = buf_addf(out, "{\"now\":\"%s\",\"throttled\":%s,\"tables\":[", now,
                                c->w->gate.closed ? "true" : "false");
    for (size_t i = 0; i < c->w->n && rc == OK; i++) {
        if (i > 0)
            rc = buf_addc(out, ',');
        if (rc == OK)
            rc = show_table(out, &c->w->tables[i]);
    }
    if (rc == OK)
        rc = buf_adds(out, "]}\n");
    return rc != OK ? buf_err(e, rc, out, "the state") : OK;
}

static enum err_code set_mood(const struct command *c, struct err *e)
{
    const char *table = args_get(&c->request->args, "table");
    if (table != NULL && world_table(c->w, table) == NULL)
        return refuse(c->reply, 404, "table=: there is no such table");
    enum err_code rc = world_set_mood(c->w, table, &c->request->args, e);
    return rc != OK ? rc : show_state(c, e);
}

static enum err_code change_spoils(const struct command *c,
                                   enum err_code (*change)(struct spoils *s,
                                                           const struct args *args, struct err *e),
                                   struct err *e)
{
    const char *name = args_get(&c->request->args, "table");
    struct world_table *t = name != NULL ? world_table(c->w, name) : NULL;
    if (t == NULL)
        return refuse(c->reply, 404, "table=: there is no such table");
    enum err_code rc = change(&t->spoils, &c->request->args, e);
    return rc == OK ? buf_addf(&c->reply->body, "{\"spoilt\":%zu}\n", t->spoils.n) : rc;
}

static enum err_code spoil(const struct command *c, struct err *e)
{
    return change_spoils(c, spoils_add, e);
}

static enum err_code mend(const struct command *c, struct err *e)
{
    return change_spoils(c, spoils_mend, e);
}

static enum err_code set_clock(const struct command *c, struct err *e)
{
    int64_t seconds = 0;
    enum err_code rc = args_count(&c->request->args, "advance", INT64_C(1000000000), &seconds, e);
    if (rc != OK)
        return rc;
    c->w->shift += seconds * WHEN_SECOND;
    return show_state(c, e);
}

static enum err_code set_key(const struct command *c, struct err *e)
{
    const char *key = args_get(&c->request->args, "key");
    if (key == NULL || *key == '\0' || strlen(key) >= sizeof c->w->key)
        return err_set(e, ERR_USAGE,
                       "key: the key that is good from now on, shorter than %zu bytes",
                       sizeof c->w->key);
    (void)snprintf(c->w->key, sizeof c->w->key, "%s", key);
    return show_state(c, e);
}

static enum err_code show_log(const struct command *c, struct err *e)
{
    const struct buf *text = reqlog_text(c->w->log);
    c->reply->type = "application/x-ndjson";
    enum err_code rc = buf_add(&c->reply->body, text->data, text->len);
    return rc != OK ? buf_err(e, rc, &c->reply->body, "the log") : OK;
}

static enum err_code reset_log(const struct command *c, struct err *e)
{
    (void)e;
    reqlog_reset(c->w->log);
    return buf_adds(&c->reply->body, "{}\n");
}

/* Where p_redirect points: whoever follows shows in the log, and whether the key came along. */
static enum err_code elsewhere(const struct command *c, struct err *e)
{
    (void)e;
    const struct reqlog_entry entry = {.table = "_sim/elsewhere",
                                       .limit = -1,
                                       .offset = -1,
                                       .status = 200,
                                       .fault = "",
                                       .keyed = c->request->key != NULL,
                                       .connection = c->request->connection};
    reqlog_add(c->w->log, &entry);
    return buf_adds(&c->reply->body, "{\"count\":0,\"data\":[]}");
}

static const struct {
    const char *path;
    bool get, post;
    enum err_code (*run)(const struct command *c, struct err *e);
} commands[] = {
    {"state", true, false, show_state},    {"mood", false, true, set_mood},
    {"clock", false, true, set_clock},     {"log", true, false, show_log},
    {"log/reset", false, true, reset_log}, {"elsewhere", true, false, elsewhere},
    {"spoil", false, true, spoil},         {"mend", false, true, mend},
    {"key", false, true, set_key},
};

static enum err_code dispatch(const struct command *c, const char *path, bool post, struct err *e)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(path, commands[i].path) != 0)
            continue;
        if (!(post ? commands[i].post : commands[i].get))
            return refuse(c->reply, 405, post ? "use GET" : "use POST");
        return commands[i].run(c, e);
    }
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (strcmp(path, changes[i].path) != 0)
            continue;
        return post ? change_records(c, changes[i].kind, e) : refuse(c->reply, 405, "use POST");
    }
    return refuse(c->reply, 404, "no such command; see tests/sim/README.md");
}

enum err_code control(struct world *w, const char *path, bool post, const struct request *request,
                      struct reply *reply, struct err *e)
{
    const struct command c = {.w = w, .request = request, .reply = reply};
    pthread_mutex_lock(&w->lock);
    enum err_code rc = dispatch(&c, path, post, e);
    pthread_mutex_unlock(&w->lock);
    if (rc == ERR_USAGE && e != NULL)
        rc = refuse(reply, 400, e->msg);
    return rc;
}
