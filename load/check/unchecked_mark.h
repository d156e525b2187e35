/*
 * The mark of a table that was emptied, made again or rewritten since it was loaded (netty_sync.unchecked). netty-load sets it, and
 * check takes it away once nothing differs from what the spool holds.
 *
 *     struct unchecked_mark m;
 *     unchecked_mark_read(&m, c, &target, e);
 *     unchecked_mark_judge(&m, c, &target, findings, equal, pruned, e);   // a finding, where there is a mark
 *
 * If the spool was pruned, a backfill has to come first (run_history_full_since), since the spool no longer shows what is missing.
 * If the role may not read the mark, there is none. Errors: the database's.
 */
#ifndef NETTY_LOAD_CHECK_UNCHECKED_MARK_H
#define NETTY_LOAD_CHECK_UNCHECKED_MARK_H

#include "load/command/command.h"
#include "load/command/findings.h"

struct unchecked_mark {
    bool there;
    int64_t at;     /* microseconds since 1970 */
    char since[32]; /* the same, for people */
};

enum err_code unchecked_mark_read(struct unchecked_mark *m, struct command_context *c,
                                  const struct command_table *t, struct err *e) MUST_CHECK;
enum err_code unchecked_mark_judge(const struct unchecked_mark *m, struct command_context *c,
                                   const struct command_table *t, struct findings *f, bool equal,
                                   bool pruned, struct err *e) MUST_CHECK;

#endif
