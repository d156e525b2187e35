/*
 * What an answer's headers say: of time, and of another place.
 */
#ifndef NETTY_EXTRACT_API_HTTP_HEADERS_H
#define NETTY_EXTRACT_API_HTTP_HEADERS_H

#include "shared/base/err.h"
#include <curl/curl.h>
#include <stdint.h>

/* The Date header, or WHEN_NONE. */
int64_t http_date(CURL *easy);

/* Retry-After in microseconds from now, never negative; -1: there is none. Seconds, or a date: relative to the
 * server's own clock (date) where it shows it. */
int64_t http_retry_after(CURL *easy, int64_t date);

#define HTTP_HOST 256
/* The host that was asked, for messages; returns out. */
const char *http_host(CURL *easy, char out[HTTP_HOST]);

/* An answer 3xx. Fills e with where it leads and what to do: ERR_CONFIG where it is for good (301, 308), else ERR_REFUSED. 304
 * leads nowhere, and leaves e as it is. */
void http_redirect(CURL *easy, long status, struct err *e);

#endif
