/* A table that the API refuses: this table alone, or because the key is refused or throttled. */
#include "extract/table/table_fetch_private.h"
#include "shared/log/log.h"
#include "shared/time/when.h"
#include "spool/control/refused_tables.h"
#include <stdio.h>
#include <string.h>

static void forbidden(struct err *e, const char *table, uint64_t status, const char *what)
{
    err_set(e, ERR_DENIED,
            "the API refuses table %s to this key (status %llu)%s; other tables are answered: have "
            "the key"
            " allowed to read it, or leave the table out",
            table, (unsigned long long)status, what);
}

/* Reads from the spool whether the table is to be left alone for now. */
enum err_code table_fetch_look_refused(const struct table_fetch_env *env, const char *name,
                                       enum table_fetch_apart *apart, struct err *e)
{
    char asked[WHEN_TEXT];
    char what[96];
    struct refused_tables all;
    int64_t now = when_now();
    *apart = TABLE_FETCH_COMMON;
    enum err_code rc = refused_read(env->spool, &all, e);
    if (rc != OK)
        return rc;
    const struct refused_table *t = refused_find(&all, name);
    bool ours = t != NULL && (t->status == REFUSED_404 ||
                              t->key == circuit_breaker_fingerprint(env->circuit_breaker));
    if (ours)
        *apart = t->status == REFUSED_404 ? TABLE_FETCH_UNKNOWN : TABLE_FETCH_FORBIDDEN;
    if (ours && t->asked <= now && now - t->asked < REFUSED_PAUSE) {
        (void)snprintf(what, sizeof what, ", asked last at %s, at most once an hour",
                       when_people(t->asked, asked));
        if (*apart == TABLE_FETCH_UNKNOWN)
            err_set(e, ERR_CONFIG, "the API has no table %s (status 404)%s", name, what);
        else
            forbidden(e, name, t->status, what);
        rc = *apart == TABLE_FETCH_UNKNOWN ? ERR_CONFIG : ERR_DENIED;
    }
    refused_free(&all);
    return rc;
}

/* Whether the key has been refused for longer than a throttle lasts. */
static bool is_revoked(const struct table_fetch_env *env, int64_t now, struct err *e)
{
    char since[WHEN_TEXT];
    int64_t refused = circuit_breaker_refused(env->circuit_breaker);
    if (refused == WHEN_NONE || refused > now || now - refused < env->refused_after)
        return false;
    err_set(
        e, ERR_DENIED,
        "the API refuses the key since %s, longer than a throttle lasts (--refused-after): it was"
        " revoked, or may do less; have another one made, and put it into NETTY_API_KEY or the "
        "file that"
        " NETTY_API_KEY_FILE names",
        when_people(refused, since));
    return true;
}

void table_fetch_throttled(struct table_fetch *t, long status, int64_t retry_after, struct err *why)
{
    struct err e = ERR_INIT;
    int64_t now = when_now();
    if (circuit_breaker_trip(t->env->circuit_breaker, now, status, retry_after, &e) != OK)
        LOG(LOG_WARN, "breaker", "cannot remember that the API throttles", F_ERR(&e));
    (void)is_revoked(t->env, now, why);
    table_fetch_fail(t, why);
}

enum err_code table_fetch_look_at_breaker(const struct table_fetch_env *env, struct err *e)
{
    char until[WHEN_TEXT];
    struct circuit_breaker *b = env->circuit_breaker;
    int64_t now = when_now();
    switch (circuit_breaker_look(b, now)) {
    case CIRCUIT_BREAKER_CLOSED:
        return OK;
    case CIRCUIT_BREAKER_TRY:
        return circuit_breaker_probe(b, now, e);
    case CIRCUIT_BREAKER_OPEN:
        break;
    }
    if (is_revoked(env, now, e))
        return ERR_DENIED;
    return err_set(e, ERR_THROTTLED, "the API asked to be left alone until %s",
                   when_people(circuit_breaker_until(b), until));
}

/* The refusal concerns this table alone: another table was answered after it. */
static void on_own(void *ctx)
{
    struct table_fetch *t = ctx;
    struct err e = ERR_INIT;
    char words[SERVER_WORDS_TEXT + 2];
    int64_t now = when_now();
    struct refused_table entry = {.status = (uint64_t)t->refusal.status,
                                  .key = circuit_breaker_fingerprint(t->env->circuit_breaker),
                                  .since = now,
                                  .asked = now};
    if (t->ending)
        return;
    memcpy(entry.table, t->name, sizeof entry.table);
    if (refused_set(t->env->spool, &entry, &e) != OK)
        LOG(LOG_WARN, "refused",
            "cannot remember that the table is refused; the next run asks again",
            F_STR("table", t->name), F_ERR(&e));
    (void)snprintf(words, sizeof words, "%s%s", t->refusal.words[0] != 0 ? ": " : "",
                   t->refusal.words);
    forbidden(&e, t->name, entry.status, words);
    t->result.apart = TABLE_FETCH_FORBIDDEN;
    table_fetch_fail(t, &e);
}

/* The refusal concerns the key: it never worked, is throttled, or was revoked. */
static void on_all(void *ctx)
{
    struct table_fetch *t = ctx;
    struct err e = t->refusal.err;
    if (t->ending)
        return;
    if (circuit_breaker_key_worked(t->env->circuit_breaker))
        table_fetch_throttled(t, t->refusal.status, t->refusal.retry_after, &e);
    else
        table_fetch_fail(t, &e);
}

void table_fetch_refused(struct table_fetch *t, const struct http_result *result,
                         const struct err *why)
{
    table_fetch_ahead_failed(t);
    t->refusal.status = result->status;
    t->refusal.retry_after = result->retry_after;
    t->refusal.err = *why;
    memcpy(t->refusal.words, result->words, sizeof t->refusal.words);
    refusal_gate_refused(t->env->gate, &t->gate, on_own, on_all, t);
    if (t->gate.refused)
        t->handler.refused(t->ctx, t);
}

void table_fetch_unknown(struct table_fetch *t, const struct err *why)
{
    t->result.apart = TABLE_FETCH_UNKNOWN;
    table_fetch_fail(t, why);
}

/* The API answers for this table again: removes it from the list of refused tables. */
void table_fetch_not_refused(struct table_fetch *t)
{
    struct err e = ERR_INIT;
    if (t->welcome)
        return;
    t->welcome = true;
    if (refused_clear(t->env->spool, t->name, &e) != OK)
        LOG(LOG_WARN, "refused", "cannot forget that the table was refused",
            F_STR("table", t->name), F_ERR(&e));
}
