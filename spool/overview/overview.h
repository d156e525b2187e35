/*
 * Shows all accounts together: a row for each, the worst first.
 *
 *     rc = overview_status(o, stdout, json, e);     // how each account stands
 *     rc = overview_runs(o, stdout, json, e);       // how the last runs of each account ended
 *     rc = overview_report(o, &json, e);            // the same for a page
 *
 * o has the settings without an account. The accounts are looked at one after the other, so the memory is that of one account and
 * of one row for each. An account that cannot be looked at has a row with the reason, and the others are shown. overview_status
 * returns the code of the worst account, and logs it; e has no message then, and the caller logs nothing more.
 */
#ifndef NETTY_SPOOL_OVERVIEW_OVERVIEW_H
#define NETTY_SPOOL_OVERVIEW_OVERVIEW_H

#include "shared/base/buf.h"
#include "shared/options/options.h"
#include <stdio.h>

enum err_code overview_status(const struct options *o, FILE *out, bool json,
                              struct err *e) MUST_CHECK;
enum err_code overview_runs(const struct options *o, FILE *out, bool json,
                            struct err *e) MUST_CHECK;
/* The data of the accounts' page, for a report (status_page.h). */
enum err_code overview_report(const struct options *o, struct buf *json, struct err *e) MUST_CHECK;

#endif
