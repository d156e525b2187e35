#include "load/accounts/accounts_look.h"

#include "load/accounts/shared_look.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/options/accounts.h"
#include "shared/time/when.h"
#include "spool/store/spool.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define GOOD_US (50 * WHEN_SECOND) /* a turn that begins by then still has some of the minute */
#define AHEAD   256u /* accounts from which those that are looked at together are picked */

/* What is known of an account. */
struct known {
    int64_t at; /* when_tick() of the last try to see it; 0: there was none for its next turn */
    bool there; /* seen holds something, ... */
    struct tables_seen seen;
    uint64_t digest; /* ... of this connection string, spool and schema */
};

struct accounts_look {
    struct accounts_look_conf conf;
    struct known *list;
    size_t count;
    uv_loop_t *loop;
    struct shared_look *look; /* under way */
    size_t members[SHARED_LOOK_MOST];
    size_t n;
};

enum err_code accounts_look_open(struct accounts_look **out, const struct accounts_look_conf *conf,
                                 struct err *e)
{
    struct accounts_look *l = calloc(1, sizeof *l);
    struct known *list = calloc(options_accounts(conf->options), sizeof *list);

    if (l == NULL || list == NULL) {
        free(l);
        free(list);
        return err_set(e, ERR_NOMEM, "out of memory for the accounts");
    }
    *l = (struct accounts_look){
        .conf = *conf, .list = list, .count = options_accounts(conf->options)};
    *out = l;
    return OK;
}

void accounts_look_begin(struct accounts_look *l, uv_loop_t *loop)
{
    l->loop = loop;
}

void accounts_look_end(struct accounts_look *l)
{
    shared_look_close(l->look);
    l->look = NULL;
    l->loop = NULL;
}

static void forget(struct known *k)
{
    tables_seen_free(&k->seen);
    *k = (struct known){0};
}

void accounts_look_close(struct accounts_look *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->count; i++)
        forget(&l->list[i]);
    free(l->list);
    free(l);
}

static uint64_t digest(const char *conninfo, const char *spool, const char *schema)
{
    const char *const texts[] = {conninfo != NULL ? conninfo : "", spool, schema};
    uint64_t sum = conninfo != NULL;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        sum = XXH3_64bits_withSeed(texts[i], strlen(texts[i]), sum);
    return sum;
}

/* ---- which accounts ---- */

static bool is_same(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

/* Whether both have the same settings of the database. What their sections do not say is the same anyway. */
static bool go_together(const struct options *o, size_t i, size_t k)
{
    return is_same(options_account_setting(o, i, OPT_DB), options_account_setting(o, k, OPT_DB)) &&
           is_same(options_account_setting(o, i, OPT_DB_FILE),
                   options_account_setting(o, k, OPT_DB_FILE));
}

static bool is_recent(const struct known *k)
{
    return k->at != 0 && when_tick() - k->at < GOOD_US;
}

/* Adds the account, if it has a schema and a spool. */
static enum err_code add(struct accounts_look *l, const char *conninfo, size_t i, struct err *e)
{
    const struct options *o = l->conf.options;
    const char *schema = options_account_text(o, i, OPT_SCHEMA);
    char path[IO_PATH];
    struct spool *spool = NULL;
    struct err none = ERR_INIT;

    forget(&l->list[i]);
    l->list[i].at = when_tick();
    if (schema == NULL || *schema == '\0' ||
        io_path(path, options_accounts_folder(o), options_account_name(o, i), &none) != OK ||
        !spool_is_there(path) || spool_open(&spool, path, SPOOL_LOOK, &none) != OK)
        return OK;
    enum err_code rc = shared_look_add(l->look, spool_id(spool), schema, e);
    l->list[i].digest = digest(conninfo, spool_id(spool), schema);
    l->members[l->n++] = i;
    spool_close(spool);
    return rc;
}

static enum err_code add_all(struct accounts_look *l, const char *conninfo, size_t first,
                             struct err *e)
{
    size_t end = first + AHEAD < l->count ? first + AHEAD : l->count;
    enum err_code rc = add(l, conninfo, first, e);

    for (size_t i = first + 1; rc == OK && l->n > 0 && l->n < SHARED_LOOK_MOST && i < end; i++)
        if (go_together(l->conf.options, first, i) && !is_recent(&l->list[i]) &&
            l->conf.expected(l->conf.ctx, i))
            rc = add(l, conninfo, i, e);
    return rc;
}

/* ---- the look ---- */

static void on_seen(void *ctx, const struct err *err)
{
    struct accounts_look *l = ctx;

    if (err != NULL)
        LOG(LOG_DEBUG, "look", "the accounts are looked at one by one", F_ERR(err),
            F_STR("sqlstate", err->sqlstate), F_INT("accounts", l->n));
    for (size_t i = 0; err == NULL && i < l->n; i++) {
        struct known *k = &l->list[l->members[i]];
        k->there = shared_look_take(l->look, i, &k->seen);
        if (!k->there && l->list[l->members[0]].there)
            k->at = 0; /* behind what one look can see: the next one begins there */
    }
    shared_look_close(l->look);
    l->look = NULL;
    l->conf.done(l->conf.ctx);
}

/* Begins to look at the account and those that go with it. False: there is nothing to be gained, or it cannot be done. */
static bool start(struct accounts_look *l, size_t first)
{
    struct options *own = NULL;
    struct err e = ERR_INIT;

    l->n = 0;
    l->list[first].at = when_tick();
    if (options_for_account(&own, l->conf.options, first, &e) != OK)
        return false;
    const char *conninfo = options_text(own, OPT_DB);
    if (shared_look_open(&l->look, l->loop, conninfo, &e) == OK &&
        add_all(l, conninfo, first, &e) == OK && l->n > 1) {
        shared_look_start(l->look, on_seen, l);
    } else {
        shared_look_close(l->look);
        l->look = NULL;
    }
    options_free(own);
    return l->look != NULL;
}

bool accounts_look_is_ready(struct accounts_look *l, size_t i)
{
    if (l->loop == NULL)
        return true;
    if (l->look != NULL)
        return false;
    return is_recent(&l->list[i]) || !start(l, i);
}

/* The accounts are in the order of their names. */
static struct known *find(struct accounts_look *l, const char *name)
{
    size_t low = 0;
    size_t high = l->count;

    while (low < high) {
        size_t i = low + (high - low) / 2;
        int order = strcmp(options_account_name(l->conf.options, i), name);
        if (order == 0)
            return &l->list[i];
        if (order < 0)
            low = i + 1;
        else
            high = i;
    }
    return NULL;
}

bool accounts_look_take(struct accounts_look *l, const struct options *o, const char *spool,
                        struct tables_seen *seen)
{
    const char *schema = options_text(o, OPT_SCHEMA);
    struct known *k = l != NULL ? find(l, options_account(o)) : NULL;

    if (k == NULL)
        return false;
    bool good = k->there &&
                k->digest == digest(options_text(o, OPT_DB), spool, schema != NULL ? schema : "");
    if (good) {
        *seen = k->seen;
        k->seen = (struct tables_seen){0};
    }
    forget(k);
    return good;
}
