/*
 * A table in the database against the newest versions that the spool holds: for netty-load check and
 * check --merge. What the database has not loaded yet does not count; both are looked at as they were
 * at one moment each, so that a loader may run meanwhile.
 *
 *     spool_diff_times(c, &target, NULL, NULL, findings, e);   // the digest, and where it differs what does
 *     spool_diff_times(c, &target, &from, &to, findings, e);   // rows of these keys alone, without digests
 *     spool_diff_members(c, &target, e);           // rows of the summary: table member rows keys
 */
#ifndef NETTY_LOAD_CHECK_SPOOL_DIFF_H
#define NETTY_LOAD_CHECK_SPOOL_DIFF_H

#include "load/command/command.h"
#include "load/command/findings.h"

/* Of a part nothing is said of the mark. Where the table is marked as emptied, made again or rewritten (sql_unchecked_note) that is told, and the mark is taken away once
 * nothing differs. */
enum err_code spool_diff_times(struct command_context *c, const struct command_table *t,
                               const int64_t *from, const int64_t *to, struct findings *f,
                               struct err *e) MUST_CHECK;
enum err_code spool_diff_members(struct command_context *c, const struct command_table *t,
                                 struct err *e) MUST_CHECK;

#endif
