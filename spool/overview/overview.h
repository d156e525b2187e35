/*
 * All accounts together: a row each, the worst first.
 *
 *     rc = overview_status(o, stdout, json, e);     // how each stands
 *     rc = overview_runs(o, stdout, json, e);       // how the last runs of each ended
 *
 * The settings are those without an account. One account is looked at after the other, so that memory is that of one, and of a row
 * each. What cannot be looked at has its row with the reason, and stops no other. The status' result is the code of the worst,
 * told in the log; the caller says no more (e has no message then).
 */
#ifndef NETTY_SPOOL_OVERVIEW_OVERVIEW_H
#define NETTY_SPOOL_OVERVIEW_OVERVIEW_H

#include "shared/options/options.h"
#include <stdio.h>

enum err_code overview_status(const struct options *o, FILE *out, bool json,
                              struct err *e) MUST_CHECK;
enum err_code overview_runs(const struct options *o, FILE *out, bool json,
                            struct err *e) MUST_CHECK;

#endif
