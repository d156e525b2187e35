/*
 * What load/check/spool_diff.c and load/check/spool_diff_members.c share: the table's keys and times in passes of
 * NEWEST_KEYS, each in one state of the database together with how far that had loaded the spool
 * then.
 *
 *     compare_open(&k, c, &target, e);
 *     while (compare_next(k, names, &end, e) == OK && !end)
 *         newest_of(k->newest, i) against k->modified[i] ...
 *     compare_close(k);
 */
#ifndef NETTY_LOAD_CHECK_SPOOL_DIFF_KEYS_H
#define NETTY_LOAD_CHECK_SPOOL_DIFF_KEYS_H

#include "load/check/latest_versions.h"
#include "load/command/command.h"
#include "load/command/findings.h"

/* What the database knows of the spool. */
enum compare_known {
    COMPARE_NOTHING,
    COMPARE_DENIED, /* who asks may not see it */
    COMPARE_LOADED
};

struct compare_keys {
    struct command_context *cmd;
    const struct command_table *target;
    struct newest_conf conf;
    struct newest *newest;
    int64_t *modified; /* the rows' times, or WHEN_NONE, as newest_of's */
    struct newest_tally tally;
    enum compare_known known;
    int64_t from; /* the next key to be asked for */
    bool over;
};

struct newest_conf compare_conf(const struct command_context *c, const struct command_table *t);
/* BEGIN, and how far the spool is loaded; where that is not known, the transaction has ended. */
enum err_code compare_begin(struct session *s, struct newest_conf *conf, enum compare_known *known,
                            struct err *e) MUST_CHECK;

enum err_code compare_open(struct compare_keys *k, struct command_context *c,
                           const struct command_table *t, struct err *e) MUST_CHECK;
void compare_close(struct compare_keys *k);
enum err_code compare_next(struct compare_keys *k, bool names, bool *end, struct err *e) MUST_CHECK;

/* Every row against its newest version. */
enum err_code compare_rows(struct command_context *c, const struct command_table *t,
                           struct findings *f, bool pruned, struct err *e) MUST_CHECK;

#endif
