/*
 * The address of one request: base URL, table, and what the crawl asks for (NETTY.md).
 */
#ifndef NETTY_EXTRACT_API_REQUEST_URL_H
#define NETTY_EXTRACT_API_REQUEST_URL_H

#include "extract/crawl/crawl.h"
#include "shared/base/buf.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define URL_MAX ((size_t)8192)

/* Checks a base URL: http or https, a host, no user, query or fragment. Fails with rc, which the caller chooses (ERR_USAGE or
 * ERR_CONFIG); origin says where the setting came from. */
enum err_code url_check_base(const char *base, const char *origin, enum err_code rc,
                             struct err *e) MUST_CHECK;

/* Replaces out by {base}/{table}?sort=time_modified:asc&limit=..&offset=..[&filters=time_modified:greater:VALUE]. If the
 * request says so, the list is sorted by key (KEY:asc or KEY:desc), or filtered by time_modified:equal:VALUE. */
enum err_code url_page(struct buf *out, const char *base, const char *table, const char *key,
                       const struct crawl_request *request, struct err *e) MUST_CHECK;

/* The same for one record: &filters={name}:equal:KEY. */
enum err_code url_key(struct buf *out, const char *base, const char *table, const char *name,
                      int64_t key, struct err *e) MUST_CHECK;

/* What was asked for at `asked` is at `target` for good: the base URL by which it would be asked for there. False: no base URL
 * leads there, or it is the same. */
bool url_moved_base(const char *asked, const char *target, char *base, size_t room) MUST_CHECK;

#endif
