#include "shared/options/accounts.h"
#include "shared/base/table_names.h"
#include "shared/options/options_private.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err_code no_memory(struct err *e)
{
    return err_set(e, ERR_NOMEM, "out of memory for the settings");
}

/* ---- while the file is read ---- */

static const char *bad_name(const char *name, size_t n)
{
    if (n == 0 || n > ACCOUNT_NAME_MAX)
        return "an account's name has 1 to 40 letters";
    for (size_t i = 0; i < n; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", name[i]) == NULL)
            return "an account's name is made of a-z, 0-9, _ and -";
    return NULL;
}

enum err_code account_begin(struct options *o, const char *name, size_t n, const char *origin,
                            const char **why, struct err *e)
{
    struct account_list *l = &o->accounts;
    if ((*why = bad_name(name, n)) != NULL)
        return OK;
    struct account *list = realloc(l->list, (l->n + 1) * sizeof *list);
    if (list == NULL)
        return no_memory(e);
    l->list = list;
    struct account *a = &list[l->n];
    *a = (struct account){.name = strndup(name, n), .origin = strdup(origin)};
    l->n++;
    return a->name != NULL && a->origin != NULL ? OK : no_memory(e);
}

enum err_code account_add(struct options *o, const struct option_def *d, const char *text,
                          const char *origin, struct err *e)
{
    struct account *a = &o->accounts.list[o->accounts.n - 1];
    struct account_setting *list = realloc(a->list, (a->n + 1) * sizeof *list);
    if (list == NULL)
        return no_memory(e);
    a->list = list;
    struct account_setting *s = &list[a->n];
    *s = (struct account_setting){d, strdup(text), strdup(origin)};
    a->n++;
    return s->text != NULL && s->origin != NULL ? OK : no_memory(e);
}

static const struct account_setting *setting_of(const struct account *a, enum option_id id)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->list[i].def->id == id)
            return &a->list[i];
    return NULL;
}

bool account_has(const struct options *o, enum option_id id)
{
    return setting_of(&o->accounts.list[o->accounts.n - 1], id) != NULL;
}

bool account_is_outside(enum option_id id)
{
    static const enum option_id outside[] = {
        OPT_SPOOL,      OPT_JOBS,      OPT_EVERY, OPT_LISTEN,      OPT_LISTEN_TOKEN_FILE,
        OPT_LOG_FORMAT, OPT_LOG_LEVEL, OPT_QUIET, OPT_METRICS_FILE};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (outside[i] == id)
            return true;
    return false;
}

void accounts_free(struct options *o)
{
    for (size_t i = 0; i < o->accounts.n; i++) {
        struct account *a = &o->accounts.list[i];
        for (size_t k = 0; k < a->n; k++) {
            free(a->list[k].text);
            free(a->list[k].origin);
        }
        free(a->list);
        free(a->name);
        free(a->origin);
    }
    free(o->accounts.list);
    o->accounts = (struct account_list){0};
}

/* ---- one account's settings ---- */

static enum err_code copy_words(struct word_list *to, const struct word_list *from, struct err *e)
{
    enum err_code rc = OK;
    for (size_t i = 0; rc == OK && i < from->n; i++)
        rc = words_add(to, from->list[i], strlen(from->list[i]), e);
    return rc;
}

static bool copy_text(char **to, const char *from)
{
    *to = from != NULL ? strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

/* Copies the settings without the accounts. The caller frees *out, also after a failure. */
static enum err_code copy(struct options **out, const struct options *o, struct err *e)
{
    struct options *made = *out = calloc(1, sizeof *made);
    if (made == NULL)
        return no_memory(e);
    made->program = o->program;
    made->command = o->command;
    made->commanded = o->commanded;
    made->slip = o->slip;
    bool whole = copy_text(&made->config, o->config);
    for (int i = 0; whole && i < OPTIONS; i++) {
        const struct setting *from = &o->set[i];
        struct setting *to = &made->set[i];
        to->source = from->source;
        to->number = from->number;
        whole = copy_text(&to->text, from->text) && copy_text(&to->origin, from->origin);
    }
    return whole ? copy_words(&made->words, &o->words, e) : no_memory(e);
}

static enum err_code take_spool(struct options *o, const char *name, struct err *e)
{
    const char *dir = options_text(o, OPT_SPOOL);
    char *text = NULL;
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (asprintf(&text, "%.*s/%s", (int)n, dir, name) < 0)
        return no_memory(e);
    free(o->set[OPT_SPOOL].text);
    o->set[OPT_SPOOL].text = text;
    return OK;
}

static enum err_code overlay(struct options *o, const struct account *a, struct err *e)
{
    enum err_code rc = OK;
    if ((o->account = strdup(a->name)) == NULL)
        return no_memory(e);
    for (size_t i = 0; rc == OK && i < a->n; i++) {
        const struct account_setting *s = &a->list[i];
        if (option_is_for(s->def, o->program))
            rc = options_take(o, s->def, FROM_ACCOUNT, s->text, s->origin, s->origin, e);
    }
    return rc == OK ? take_spool(o, a->name, e) : rc;
}

/* ---- which ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

static enum err_code sort(const struct account_list *l, struct err *e)
{
    if (l->n > 1)
        qsort(l->list, l->n, sizeof *l->list, by_name);
    for (size_t i = 1; i < l->n; i++)
        if (strcmp(l->list[i].name, l->list[i - 1].name) == 0)
            return err_set(e, ERR_CONFIG, "%s: [account %s] is there twice, at %s too",
                           l->list[i].origin, l->list[i].name, l->list[i - 1].origin);
    return OK;
}

static enum err_code unknown(const struct options *o, const char *name, struct err *e)
{
    const char *origin = options_origin(o, OPT_ACCOUNT);
    enum err_code code = o->set[OPT_ACCOUNT].source == FROM_ARGS ? ERR_USAGE : ERR_CONFIG;
    const char *near = NULL;
    unsigned distance = strlen(name) < 4 ? 2 : 3;
    if (o->config == NULL)
        return err_set(e, code,
                       "%s '%.60s': there is no configuration file that could have its section "
                       "[account %.60s]; name one with --config",
                       origin, name, name);
    for (size_t i = 0; i < o->accounts.n; i++) {
        const char *known = o->accounts.list[i].name;
        unsigned other = names_distance(name, strlen(name), known, strlen(known));
        if (other < distance) {
            near = known;
            distance = other;
        }
    }
    return err_set(e, code, "%s '%.60s': %s has no section [account %.60s]%s%s%s", origin, name,
                   o->config, name, near != NULL ? "; did you mean " : "", near != NULL ? near : "",
                   near != NULL ? "?" : "");
}

static enum err_code find(const struct options *o, const char *name, const struct account **out,
                          struct err *e)
{
    for (size_t i = 0; i < o->accounts.n; i++) {
        if (strcmp(o->accounts.list[i].name, name) == 0) {
            *out = &o->accounts.list[i];
            return OK;
        }
    }
    return unknown(o, name, e);
}

enum err_code accounts_choose(struct options **o, struct err *e)
{
    struct options *base = *o;
    const char *name = options_text(base, OPT_ACCOUNT);
    const struct account *chosen = NULL;
    enum err_code rc;
    if ((rc = sort(&base->accounts, e)) != OK ||
        (name != NULL && (rc = find(base, name, &chosen, e)) != OK) || base->accounts.n == 0)
        return rc;
    struct options *made = NULL;
    rc = copy(&made, base, e);
    if (made != NULL) {
        made->base = base;
        *o = made;
    }
    return rc == OK && chosen != NULL ? overlay(made, chosen, e) : rc;
}

/* ---- questions ---- */

static const struct options *base_of(const struct options *o)
{
    return o->base != NULL ? o->base : o;
}

size_t options_accounts(const struct options *o)
{
    return base_of(o)->accounts.n;
}

const char *options_account_name(const struct options *o, size_t i)
{
    return base_of(o)->accounts.list[i].name;
}

const char *options_account(const struct options *o)
{
    return o->account;
}

const char *options_accounts_folder(const struct options *o)
{
    return options_text(base_of(o), OPT_SPOOL);
}

bool options_own(const struct options *o, enum option_id id)
{
    return o->set[id].source == FROM_ACCOUNT;
}

enum err_code options_for_account(struct options **out, const struct options *o, size_t i,
                                  struct err *e)
{
    const struct options *base = base_of(o);
    enum err_code rc = copy(out, base, e);
    if (rc == OK)
        rc = overlay(*out, &base->accounts.list[i], e);
    if (rc == OK)
        rc = options_finish(*out, e);
    if (rc != OK) {
        options_free(*out);
        *out = NULL;
    }
    return rc;
}

const char *options_account_setting(const struct options *o, size_t i, enum option_id id)
{
    const struct account_setting *s = setting_of(&base_of(o)->accounts.list[i], id);
    return s != NULL ? s->text : NULL;
}

const char *options_account_text(const struct options *o, size_t i, enum option_id id)
{
    const struct options *base = base_of(o);
    const char *own = options_account_setting(o, i, id);
    return own == NULL || base->set[id].source > FROM_ACCOUNT ? options_text(base, id) : own;
}
