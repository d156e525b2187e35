/*
 * What the files spool_diff*.c share: the table's keys and times, in passes of LATEST_VERSIONS_KEYS. Each pass is read in one snapshot, together
 * with how far the database had loaded the spool then.
 *
 *     spool_diff_open(&k, c, &target, e);
 *     while (spool_diff_next(k, names, &end, e) == OK && !end)
 *         latest_versions_of(k->latest, i) against k->modified[i] ...
 *     spool_diff_close(k);
 */
#ifndef NETTY_LOAD_CHECK_SPOOL_DIFF_KEYS_H
#define NETTY_LOAD_CHECK_SPOOL_DIFF_KEYS_H

#include "load/check/latest_versions.h"
#include "load/command/command.h"
#include "load/command/findings.h"

/* What the database knows of the spool. */
enum spool_diff_known {
    SPOOL_DIFF_NOTHING,
    SPOOL_DIFF_DENIED, /* the role may not read the progress */
    SPOOL_DIFF_LOADED
};

struct spool_diff_keys {
    struct command_context *context;
    const struct command_table *target;
    struct latest_versions_conf conf;
    struct latest_versions *latest;
    int64_t *modified; /* the rows' times, or WHEN_NONE, in the order of latest_versions_of */
    struct latest_versions_tally tally;
    enum spool_diff_known known;
    int64_t from; /* the next key to be asked for, */
    int64_t to;   /* ... and the last one */
    bool over;
};

struct latest_versions_conf spool_diff_conf(const struct command_context *c,
                                            const struct command_table *t);
/* Begins a transaction, and reads how far the spool is loaded. If that is not known, the transaction has ended. */
enum err_code spool_diff_begin(struct session *s, struct latest_versions_conf *conf,
                               enum spool_diff_known *known, struct err *e) MUST_CHECK;

enum err_code spool_diff_open(struct spool_diff_keys *k, struct command_context *c,
                              const struct command_table *t, struct err *e) MUST_CHECK;
void spool_diff_close(struct spool_diff_keys *k);
enum err_code spool_diff_next(struct spool_diff_keys *k, bool names, bool *end,
                              struct err *e) MUST_CHECK;

/* Every row against its newest version, or of the keys *from to *to only. *equal: nothing differs, and all could be read. */
enum err_code spool_diff_rows(struct command_context *c, const struct command_table *t,
                              const int64_t *from, const int64_t *to, struct findings *f,
                              bool pruned, bool *equal, struct err *e) MUST_CHECK;

#endif
