/*
 * Tries the tables for netty-load doctor: puts a row into each, with a key that no record has, changes it, and rolls both back. So a trigger, a
 * policy, a rule or a missing right that would stop a load is found before anything is loaded.
 *
 *     trial_open(&t, db, findings, e);
 *     trial_add_bookkeeping(t);          // if netty_sync is there: its rows are tried, too
 *     trial_add(t, list, row, e);        // a table of sql_list_tables that can be loaded
 *     trial_run(t, done, ctx);           // done: from the loop; NULL: all are tried, and findings are added
 *     trial_close(t);
 *
 * All of it is one transaction, which is rolled back whatever happens. An error that may be this row's own fault (a check that it does not pass, an
 * error that a trigger raises on purpose) is no finding.
 */
#ifndef NETTY_LOAD_DOCTOR_TRIAL_H
#define NETTY_LOAD_DOCTOR_TRIAL_H

#include "load/command/findings.h"
#include "load/database/db.h"

struct trial;
typedef void trial_done_fn(void *ctx, const struct err *err);

enum err_code trial_open(struct trial **t, struct db *db, struct findings *f,
                         struct err *e) MUST_CHECK;
void trial_close(struct trial *t);
enum err_code trial_add(struct trial *t, const PGresult *list, int row, struct err *e) MUST_CHECK;
void trial_add_bookkeeping(struct trial *t);
void trial_run(struct trial *t, trial_done_fn *done, void *ctx);

#endif
