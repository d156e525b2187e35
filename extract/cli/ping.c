#include "extract/cli/ping.h"

#include "shared/log/log.h"
#include "shared/log/redact.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 10000L
#define FAIL       "/fail"

struct ping {
    char *good;
    char *bad;
    char *host;
    const char *ca_file;
    uv_work_t work;
    bool under_way;
    bool is_good; /* of the one under way */
    bool unwell;  /* the verdict, for ping_end */
    char why[CURL_ERROR_SIZE];
    long status;
};

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- the two addresses ---- */

static bool take_parts(struct ping *p, CURLU *u, const char *url)
{
    char *scheme = NULL;
    char *path = NULL;
    char *longer = NULL;
    bool taken = false;
    const char *host = strstr(url, "://");
    if (host == NULL || host[3] == '/' || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0) ||
        curl_url_get(u, CURLUPART_HOST, &p->host, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_URL, &p->good, 0) != CURLUE_OK ||
        curl_url_get(u, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        goto done;
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] == '/')
        n--;
    longer = malloc(n + sizeof FAIL);
    if (longer == NULL)
        goto done;
    memcpy(longer, path, n);
    memcpy(longer + n, FAIL, sizeof FAIL);
    taken = curl_url_set(u, CURLUPART_PATH, longer, 0) == CURLUE_OK &&
            curl_url_get(u, CURLUPART_URL, &p->bad, 0) == CURLUE_OK;
    if (n > 1)
        redact_secret(path + 1);
done:
    free(longer);
    curl_free(path);
    curl_free(scheme);
    return taken;
}

enum err_code ping_open(struct ping **out, const struct options *o, struct err *e)
{
    const char *url = options_text(o, OPT_PING_URL);
    const char *origin = options_origin(o, OPT_PING_URL);
    *out = NULL;
    if (url == NULL || options_int(o, OPT_DRY_RUN) != 0)
        return OK;
    redact_secret(url);
    struct ping *p = calloc(1, sizeof *p);
    if (p == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(p);
        return err_set(e, ERR_NOMEM, "out of memory");
    }
    const char *ca_file = environment("NETTY_CA_FILE");
    p->ca_file = ca_file != NULL ? ca_file : environment("SSL_CERT_FILE");
    CURLU *u = curl_url();
    bool taken = u != NULL && take_parts(p, u, url);
    curl_url_cleanup(u);
    if (!taken) {
        ping_close(p);
        return err_set(e, origin[0] == '-' ? ERR_USAGE : ERR_CONFIG,
                       "%s: what is given is no http or https address", origin);
    }
    *out = p;
    return OK;
}

void ping_close(struct ping *p)
{
    if (p == NULL)
        return;
    curl_free(p->good);
    curl_free(p->bad);
    curl_free(p->host);
    curl_global_cleanup();
    free(p);
}

/* ---- asking ---- */

static size_t pass_over(const char *data, size_t size, size_t n, void *ctx)
{
    (void)data, (void)ctx;
    return size * n;
}

static void ask(struct ping *p)
{
    CURL *c = curl_easy_init();
    CURLcode rc = c != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    p->status = 0;
    p->why[0] = '\0';
#define SET(option, value) rc = rc != CURLE_OK ? rc : curl_easy_setopt(c, option, value)
    SET(CURLOPT_ERRORBUFFER, p->why);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_URL, p->is_good ? p->good : p->bad);
    SET(CURLOPT_USERAGENT, "netty-extract/" NETTY_VERSION);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    SET(CURLOPT_WRITEFUNCTION, pass_over);
    if (p->ca_file != NULL)
        SET(CURLOPT_CAINFO, p->ca_file);
#undef SET
    if (rc == CURLE_OK)
        rc = curl_easy_perform(c);
    if (rc == CURLE_OK)
        rc = curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &p->status);
    if (rc != CURLE_OK && p->why[0] == '\0')
        (void)snprintf(p->why, sizeof p->why, "%s", curl_easy_strerror(rc));
    curl_easy_cleanup(c);
}

static void tell(const struct ping *p)
{
    if (p->status >= 200 && p->status < 300)
        LOG(LOG_DEBUG, "ping", "the monitor was told how the run ended", F_STR("host", p->host),
            F_STR("told", p->is_good ? "good" : "fail"));
    else
        LOG(LOG_WARN, "ping", "the monitor cannot be told how the run ended",
            F_STR("host", p->host), F_INT("status", p->status), F_STR("error", p->why));
}

static bool passes(int code)
{
    return code == err_exit(ERR_BUSY);
}

static void work(uv_work_t *w)
{
    ask(w->data);
}

static void after_work(uv_work_t *w, int status)
{
    struct ping *p = w->data;
    (void)status;
    p->under_way = false;
    tell(p);
}

void ping_run(struct ping *p, uv_loop_t *loop, int code, bool well)
{
    if (p == NULL || p->under_way || passes(code))
        return;
    p->is_good = code == 0 && well;
    p->work.data = p;
    p->under_way = uv_queue_work(loop, &p->work, work, after_work) == 0;
}

void ping_note(struct ping *p, bool well)
{
    if (p != NULL)
        p->unwell = !well;
}

void ping_end(struct ping *p, int code)
{
    if (p == NULL || passes(code))
        return;
    p->is_good = code == 0 && !p->unwell;
    ask(p);
    tell(p);
}
