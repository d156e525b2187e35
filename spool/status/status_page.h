/*
 * The status page (spool/status/page/status.html, compiled in). A server gives the page a nonce, and the page asks for
 * /status.json; in a report the page has its data in it.
 */
#ifndef NETTY_SPOOL_STATUS_STATUS_PAGE_H
#define NETTY_SPOOL_STATUS_STATUS_PAGE_H

#include "shared/base/buf.h"

#define STATUS_PAGE_MAX ((size_t)32 << 20)

/* Appends the page. nonce: letters and digits, for the Content-Security-Policy. json: the status; NULL: the page asks for it. */
enum err_code status_page_render(struct buf *b, const char *nonce, const char *json) MUST_CHECK;
/* The same of several accounts together (spool/status/page/accounts.html): json is that of /accounts.json. */
enum err_code status_page_accounts(struct buf *b, const char *nonce, const char *json) MUST_CHECK;

/* Made by spool/status/page/embed.sh. */
extern const char site_status_html[];
extern const char site_accounts_html[];

#endif
