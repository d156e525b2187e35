/*
 * Take-over: this machine goes on extracting where the last push of another one was.
 *
 *     rc = take_over_run("var/spool", remote, &report, e);    // report: of what was pulled on the way
 *
 * Pulls to the end, notes in .push what is known from the pull, and pushes at once: the other machine's next push then finds its
 * number taken, and is refused (ERR_CONFIG), so that nothing is overwritten. Only after that the spool is no mirror any more: pull.json becomes
 * taken-over.json, and netty-extract may write. What a loader here has asked for (wish.json) becomes a request of this spool, and what other
 * machines that pull have told is taken.
 * It may end anywhere, and is repeated without harm; once it is through, repeating it pushes what is new.
 * Errors: those of pull.h and push.h; ERR_CONFIG where the spool was never pulled, because this or another machine extracts into it; ERR_NO_SPOOL
 * where nothing was ever pushed. ERR_SET_ASIDE: damaged pages were passed over, and all else is done; or an object is missing, and nothing is
 * taken over, since nobody could tell where the last push was.
 */
#ifndef NETTY_SPOOL_SHIP_TAKE_OVER_H
#define NETTY_SPOOL_SHIP_TAKE_OVER_H

#include "shared/options/accounts.h"
#include "spool/remote/ship_note.h"

enum err_code take_over_run(const char *dir, const struct remote *r, struct ship_report *report,
                            struct err *e) MUST_CHECK;
/* The same of all accounts of a machine, which are pushed together (spool/host): all of them, or none. Those that this machine's configuration
 * does not have are taken over, too, with a warning. An account that cannot be pulled, or pushed, ends it with that account's error, and nothing
 * is taken over. */
enum err_code take_over_all(const struct options *o, const struct remote *r,
                            struct ship_report *report, struct err *e) MUST_CHECK;

#endif
