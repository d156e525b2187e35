/*
 * The status page (spool/site/status.html, compiled in): one file, for the server, which gives it a
 * nonce and has it ask for /status.json, and for a report, which has its data within.
 */
#ifndef NETTY_SPOOL_SITE_H
#define NETTY_SPOOL_SITE_H

#include "shared/buf.h"

#define SITE_MAX ((size_t)32 << 20)

/* nonce: letters and digits, for the Content-Security-Policy. json: the status, or NULL: the page
 * asks for it. */
enum err_code site_page(struct buf *b, const char *nonce, const char *json) MUST_CHECK;

/* Made by spool/site/embed.sh. */
extern const char site_status_html[];

#endif
