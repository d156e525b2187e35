/* Which account the key belongs to. A spool is of one account, so a key that has changed must show records that the spool holds. */
#include "extract/cli/api_key.h"
#include "extract/cli/service_private.h"
#include "shared/log/log.h"
#include "spool/control/api_source.h"

static enum err_code bind_key(struct service *s, const struct secret *key, bool rebind,
                              struct err *e)
{
    char mark[CIRCUIT_BREAKER_MARK] = "";
    if (key != NULL)
        circuit_breaker_mark(mark, key, spool_id(s->spool));
    return api_source_bind_key(s->spool, s->env.base_url, key != NULL ? mark : NULL, rebind,
                               &s->other_key, e);
}

enum err_code service_bind(struct service *s, bool rebind, struct err *e)
{
    return bind_key(s, *s->key, rebind, e);
}

static void on_proof(void *ctx, const struct err *err)
{
    struct service *s = ctx;
    char mark[CIRCUIT_BREAKER_MARK];
    struct err e = *err;
    service_prove_stop(s);
    if (e.code == OK) {
        circuit_breaker_mark(mark, *s->key, spool_id(s->spool));
        s->other_key = false;
        if (api_source_take_key(s->spool, s->env.base_url, mark, &e) == OK) {
            s->proven(s);
            return;
        }
    }
    if (service_stays(s) && err_exit(e.code) < err_exit(ERR_DENIED)) { /* it passes by itself */
        LOG(LOG_ERROR, "key", "the run is given up, and the next one tries again", F_ERR(&e));
        s->other_key = true;
        s->code = fetch_metrics_done(s->metrics, err_exit(e.code));
        service_run_over(s, OK);
        return;
    }
    s->err = e;
    service_run_over(s, e.code);
}

bool service_prove_key(struct service *s, void (*then)(struct service *s))
{
    struct err e = ERR_INIT;
    if (!s->other_key || *s->key == NULL)
        return false;
    s->proven = then;
    if (key_proof_start(&s->proof, &s->env, on_proof, s, &e) != OK) {
        s->err = e;
        service_run_ended(s, e.code);
    }
    return true;
}

void service_prove_stop(struct service *s)
{
    key_proof_stop(s->proof);
    s->proof = NULL;
}

/* Between two runs no request is under way. */
static enum err_code change_key(struct service *s, struct secret **key, struct err *e)
{
    struct http *http = NULL;
    struct secret *before = *s->key;
    enum err_code rc = service_open_http(s, *key, &http, e);
    if (rc != OK)
        return rc;
    http_close(s->env.http);
    s->env.http = http;
    circuit_breaker_set_key(s->env.circuit_breaker, spool_id(s->spool), *key);
    secret_trial_renewed(&s->trial);
    rc = bind_key(s, *key, false, e);
    if (rc != OK) /* the run is not to begin with a key that nobody knows */
        s->other_key = true;
    *s->key = *key;
    *key = before;
    LOG0(LOG_INFO, "key", "the API key has changed in its file; the new one is used");
    return rc;
}

/* Takes up a key that has changed in its file since the last run. A file that cannot be read is being written, perhaps. */
void service_renew_key(struct service *s)
{
    struct secret *key = NULL;
    struct err e = ERR_INIT;
    enum err_code rc = api_key_read(s->options, &key, &e);
    bool changed = rc == OK && !secret_equal(key, *s->key);
    s->renewing = changed && s->backfill.run != NULL;
    if (s->renewing) /* its requests are under way with the key of before */
        service_backfill_stop(s, "the API key has changed in its file");
    else if (changed)
        rc = change_key(s, &key, &e);
    if (rc != OK)
        LOG(LOG_WARN, "key", "the API key cannot be read anew; the one before is used", F_ERR(&e));
    secret_free(key);
}
