/*
 * One round of a machine that pulls: what another machine has pushed is pulled, then that machine is told what is loaded here (back.h).
 * `netty-spool pull` and `netty-load --pull` do the same.
 *
 *     rc = pull_round(dir, remote, &report, e);
 *     pull_round_tell(&report, rc, e);            // logs what it came to
 *     rc = pull_round_back(dir, remote, e);       // after a load: the way back alone
 *
 * Whoever may only read the remote pulls all the same, with a warning; the machine that pushes is not told then. Errors: those of pull.h and
 * back.h.
 */
#ifndef NETTY_SPOOL_SHIP_PULL_ROUND_H
#define NETTY_SPOOL_SHIP_PULL_ROUND_H

#include "spool/remote/ship_note.h"

enum err_code pull_round(const char *dir, const struct remote *r, struct ship_report *report,
                         struct err *e) MUST_CHECK;
/* Of all accounts (spool/host): dir is the folder of their spools. */
enum err_code pull_round_all(const char *dir, const struct remote *r, struct ship_report *report,
                             struct err *e) MUST_CHECK;
enum err_code pull_round_all_back(const char *dir, const struct remote *r,
                                  struct err *e) MUST_CHECK;
enum err_code pull_round_back(const char *dir, const struct remote *r, struct err *e) MUST_CHECK;
void pull_round_tell(const struct ship_report *report, enum err_code rc, const struct err *why);

#endif
