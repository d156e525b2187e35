#include "extract/run/unknown_tables.h"
#include "shared/base/table_names.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/control/refused_tables.h"
#include <stdio.h>
#include <string.h>

static bool is_unknown(const struct fetch_run_row *row)
{
    return row->result.apart == TABLE_FETCH_UNKNOWN;
}

/* Returns the most similar name of a table that the run or the spool knows; NULL: none is similar. */
static const char *nearest(const char *name, const struct fetch_run_row *rows, size_t n,
                           char *const *held, size_t held_n)
{
    const char *found = NULL;
    unsigned least = 1 + (unsigned)strlen(name) / 3;
    for (size_t i = 0; i < n + held_n; i++) {
        const char *other = i < n ? rows[i].name : held[i - n];
        unsigned distance = names_distance(name, strlen(name), other, strlen(other));
        if ((i < n && is_unknown(&rows[i])) || strcmp(name, other) == 0 || distance > least)
            continue;
        if (found == NULL || distance < least)
            found = other;
        least = distance;
    }
    return found;
}

static void remember(const struct fetch_run_row *row, const struct spool *spool)
{
    struct err e = ERR_INIT;
    int64_t now = when_now();
    struct refused_table entry = {.status = REFUSED_404, .since = now, .asked = now};
    if (row->result.requests == 0)
        return; /* it was not asked for: what is remembered stays */
    (void)snprintf(entry.table, sizeof entry.table, "%s", row->name);
    if (refused_set(spool, &entry, &e) != OK)
        LOG(LOG_WARN, "refused",
            "cannot remember that the table is refused; the next run asks again",
            F_STR("table", row->name), F_ERR(&e));
}

static void explain(struct fetch_run_row *row, const char *like)
{
    struct err *e = &row->result.err;
    size_t len = strlen(e->msg);
    if (like != NULL)
        (void)snprintf(e->msg + len, sizeof e->msg - len, "; did you mean \"%s\"?", like);
    else
        (void)snprintf(e->msg + len, sizeof e->msg - len, "; check its name and --base-url");
}

bool unknown_tables_explain(struct fetch_run_row *rows, size_t n, const struct table_fetch_env *env)
{
    char **held = NULL;
    size_t held_n = 0;
    size_t unknown = 0;
    size_t asked = 0;
    for (size_t i = 0; i < n; i++) {
        unknown += is_unknown(&rows[i]);
        asked += is_unknown(&rows[i]) && rows[i].result.requests > 0;
    }
    if (unknown == 0)
        return false;
    if (unknown == n && n > 1 && asked == n) {
        LOG(LOG_ERROR, "no-table",
            "the API has none of the tables (status 404 for each): check --base-url",
            F_INT("tables", n), F_STR("base_url", env->base_url));
        return true;
    }
    if (spool_tables(env->spool, &held, &held_n, NULL) != OK)
        held_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_unknown(&rows[i]))
            continue;
        explain(&rows[i], nearest(rows[i].name, rows, n, held, held_n));
        remember(&rows[i], env->spool);
    }
    if (held_n > 0)
        spool_tables_free(held, held_n);
    return false;
}
