/*
 * What an answer's headers say of time.
 */
#ifndef NETTY_EXTRACT_API_HTTP_HEADERS_H
#define NETTY_EXTRACT_API_HTTP_HEADERS_H

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

#endif
