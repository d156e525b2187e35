/*
 * What is read from an answer's headers: times, and the target of a redirect.
 */
#ifndef NETTY_EXTRACT_API_HTTP_HEADERS_H
#define NETTY_EXTRACT_API_HTTP_HEADERS_H

#include "shared/base/err.h"
#include <curl/curl.h>
#include <stdint.h>

/* Returns the Date header, or WHEN_NONE. */
int64_t http_date(CURL *easy);

/* Returns Retry-After in microseconds from now, never negative, or -1 without such a header. The header has seconds or a date;
 * a date is compared with the server's own clock (date), if the answer showed it. */
int64_t http_retry_after(CURL *easy, int64_t date);

#define HTTP_HOST 256
/* Writes the host that was asked into out, for messages. Returns out. */
const char *http_host(CURL *easy, char out[HTTP_HOST]);

/* For an answer 3xx. Fills e with the redirect's target and what to do: ERR_CONFIG if the redirect is permanent (301, 308),
 * else ERR_REFUSED. 304 has no target and leaves e as it is. */
void http_redirect(CURL *easy, long status, struct err *e);

#endif
