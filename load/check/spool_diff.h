/*
 * A table in the database against the newest versions that the spool holds: for netty-load check and
 * check --merge. What the database has not loaded yet does not count; both are looked at as they were
 * at one moment each, so that a loader may run meanwhile.
 *
 *     spool_diff_times(c, &target, findings, e);   // the digest, and where it differs what does
 *     spool_diff_members(c, &target, e);           // rows of the summary: table member rows keys
 */
#ifndef NETTY_LOAD_CHECK_SPOOL_DIFF_H
#define NETTY_LOAD_CHECK_SPOOL_DIFF_H

#include "load/command/command.h"
#include "load/command/findings.h"

/* Where the table is marked as emptied, made again or rewritten (sql_unchecked_note) that is told, and the mark is taken away once
 * nothing differs. */
enum err_code spool_diff_times(struct command_context *c, const struct command_table *t,
                               struct findings *f, struct err *e) MUST_CHECK;
enum err_code spool_diff_members(struct command_context *c, const struct command_table *t,
                                 struct err *e) MUST_CHECK;

#endif
