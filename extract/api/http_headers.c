#include "extract/api/http_headers.h"
#include "extract/api/request_url.h"
#include "extract/api/server_words.h"
#include "shared/time/when.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define RETRY_AFTER_MAX (INT64_C(366) * 86400)
#define TARGET_MAX      700 /* bytes of a redirect's target */

static const char *header_value(CURL *easy, const char *name)
{
    struct curl_header *header = NULL;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value
                                                                                   : NULL;
}

int64_t http_date(CURL *easy)
{
    int64_t t = WHEN_NONE;
    const char *s = header_value(easy, "date");
    if (s == NULL || when_parse_http(s, strlen(s), &t) != OK)
        return WHEN_NONE;
    return t;
}

int64_t http_retry_after(CURL *easy, int64_t date)
{
    const char *s = header_value(easy, "retry-after");
    if (s == NULL)
        return -1;
    size_t digits = strspn(s, "0123456789");
    int64_t seconds = 0;
    if (digits > 0 && s[digits] == 0) {
        for (size_t i = 0; i < digits && seconds <= RETRY_AFTER_MAX; i++)
            seconds = seconds * 10 + (s[i] - '0');
        return (seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX) * WHEN_SECOND;
    }
    int64_t at = WHEN_NONE;
    if (when_parse_http(s, strlen(s), &at) != OK || at == WHEN_NONE)
        return -1;
    int64_t wait = at - (date != WHEN_NONE ? date : when_now());
    int64_t most = RETRY_AFTER_MAX * WHEN_SECOND;
    return wait < 0 ? 0 : wait < most ? wait : most;
}

const char *http_host(CURL *easy, char out[HTTP_HOST])
{
    const char *url = "";
    CURLU *u = curl_url();
    char *host = NULL;
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        (void)snprintf(out, HTTP_HOST, "%s", host);
    else
        (void)snprintf(out, HTTP_HOST, "the server");
    curl_free(host);
    curl_url_cleanup(u);
    return out;
}

void http_redirect(CURL *easy, long status, struct err *e)
{
    char host[HTTP_HOST];
    char to[TARGET_MAX];
    char base[TARGET_MAX];
    const char *asked = "";
    const char *target = NULL;
    if (status == 304) /* to a question that was not asked: as any other status */
        return;
    curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &asked);
    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &target);
    bool for_good = target != NULL && (status == 301 || status == 308);
    bool moved = for_good && url_moved_base(asked, target, base, sizeof base);
    server_words_clean(target != NULL ? target : "nowhere", to, sizeof to);
    err_set(e, for_good ? ERR_CONFIG : ERR_REFUSED,
            "%s redirects %s(status %ld) to %s, and the key goes to no other place: %s%s",
            http_host(easy, host), for_good ? "for good " : "", status, to,
            moved ? "if that is the API's new address, set --base-url to " : "check --base-url",
            moved ? base : "");
}
