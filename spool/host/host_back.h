/*
 * The way back for all accounts of a machine (spool/back/back.h): one object holds what is told of all accounts that were pulled together.
 *
 *     rc = host_back_put("var/pulled", remote, &put, e);            // after a pull
 *     rc = host_back_take(options, remote, &report, e);             // before a push
 *
 * An account that cannot be read, or whose spool cannot be written, is left out, and logged; the result is its error, with the rest done.
 */
#ifndef NETTY_SPOOL_HOST_HOST_BACK_H
#define NETTY_SPOOL_HOST_HOST_BACK_H

#include "shared/options/accounts.h"
#include "spool/back/back.h"

enum err_code host_back_put(const char *dir, const struct remote *r, bool *put,
                            struct err *e) MUST_CHECK;
enum err_code host_back_take(const struct options *o, const struct remote *r,
                             struct back_report *report, struct err *e) MUST_CHECK;

#endif
