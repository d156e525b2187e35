/*
 * One part in N of a table, for netty-load check --share N: which keys are looked at this time, and what is kept for the next time and for the
 * verdict (loaded.h). N such looks go once over the whole table.
 *
 *     check_share_begin(&share, c, &target, e);     // from, rows, to, last: this time's part
 *     ...
 *     check_share_end(&share, c, &target, findings, e);
 *     check_share_clear(c, &target, findings, e);   // after a look at the whole: drops what that did not find
 *
 * A finding is kept until a whole round has not found it again. The time of the last look is kept, too, so that it is noticed if there are no more
 * looks. If nothing of the spool was loaded into the database, nothing can be kept, and each look begins at the first key. A dry run keeps nothing.
 * Errors: the database's and the spool's.
 */
#ifndef NETTY_LOAD_CHECK_CHECK_SHARE_H
#define NETTY_LOAD_CHECK_CHECK_SHARE_H

#include "load/command/command.h"
#include "load/command/findings.h"
#include "spool/control/loaded.h"

struct check_share {
    int64_t from, to; /* keys */
    int64_t rows;     /* between them */
    bool last;        /* nothing is behind them: the round ends here */
    char id[LOADED_ID_MAX];
    struct loaded_checks checks;
    bool known; /* the spool has an entry of the database */
};

enum err_code check_share_begin(struct check_share *s, struct command_context *c,
                                const struct command_table *t, struct err *e) MUST_CHECK;
enum err_code check_share_end(struct check_share *s, struct command_context *c,
                              const struct command_table *t, const struct findings *f,
                              struct err *e) MUST_CHECK;
enum err_code check_share_clear(struct command_context *c, const struct command_table *t,
                                const struct findings *f, struct err *e) MUST_CHECK;

#endif
