/*
 * Compares a table in the database with the newest versions that the spool holds, for netty-load check and check --merge. Versions that the
 * database has not loaded yet do not count. Each of the two is read as of one moment, so that a loader may run meanwhile.
 *
 *     spool_diff_times(c, &target, NULL, NULL, findings, e);   // compares digests; if they differ, finds the rows that differ
 *     spool_diff_times(c, &target, &from, &to, findings, e);   // compares the rows of these keys, without digests
 *     spool_diff_members(c, &target, e);           // rows of the summary: table member rows keys
 */
#ifndef NETTY_LOAD_CHECK_SPOOL_DIFF_H
#define NETTY_LOAD_CHECK_SPOOL_DIFF_H

#include "load/command/command.h"
#include "load/command/findings.h"

/* If the table is marked as emptied, made again or rewritten (sql_unchecked_note), that becomes a finding, and the mark is removed once nothing
 * differs. With *from and *to the mark is not looked at. */
enum err_code spool_diff_times(struct command_context *c, const struct command_table *t,
                               const int64_t *from, const int64_t *to, struct findings *f,
                               struct err *e) MUST_CHECK;
enum err_code spool_diff_members(struct command_context *c, const struct command_table *t,
                                 struct err *e) MUST_CHECK;

#endif
