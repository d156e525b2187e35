/*
 * What the commands of netty-load share. A command may be run at any time, beside the loader and beside itself, and may be killed at
 * any point: the next run goes on with what is left.
 *
 * main.c calls command_main, which finds the command in the table of commands and gives it a struct command_context. Most commands
 * work on one table after the other:
 *
 *     command_each_table(c, fn, ctx, e);     // the tables named, else configured, else all of the database
 *         fn(ctx, c, &target, e)             // adds the table's row to c->summary
 *
 * A table that fails is logged, counts for the exit code, and does not stop the others.
 */
#ifndef NETTY_LOAD_COMMAND_COMMAND_H
#define NETTY_LOAD_COMMAND_COMMAND_H

#include "load/command/session.h"
#include "load/target/target_table.h"
#include "shared/cli/summary.h"
#include "shared/options/options.h"
#include "spool/store/spool.h"

struct command_context;
/* A command's word, its function, and the options that only this command takes. */
#define COMMAND_OPTIONS 4
struct command {
    const char *name;
    enum err_code (*run)(struct command_context *c, struct err *e);
    enum option_id own[COMMAND_OPTIONS]; /* 0: no more */
    enum option_id one; /* with this option, which names a file, it is for one account; 0: none */
    bool alone;         /* it is for one account at any time */
};
struct commands {
    const struct command *list;
    size_t count;
};

/* Runs the command that the options name, one of `all`. Where the configuration file has accounts and none was asked for, it
 * runs for one after the other, and each row begins with the account. Returns the exit code, the gravest of all accounts; what
 * went wrong has been printed by then. */
int command_main(const struct options *o, const struct commands *all);
/* For a command line without a command. Fails with ERR_USAGE for an option that only a command takes, and for a table that the spool does
 * not hold and whose name is nearly a command's. */
enum err_code command_none(const struct options *o, const struct commands *all,
                           struct err *e) MUST_CHECK;

struct command_context {
    const struct options *options;
    const char *name;    /* the command's */
    const char *account; /* whose turn it is, where all accounts are worked on; else NULL */
    struct session *session;
    const struct spool *spool; /* NULL: there is none */
    struct zone *zone;
    struct summary *summary; /* printed at the end, unless it is empty */
    bool json, dry_run;
    size_t rows, bytes; /* of a transaction, at most */
    int code;           /* the gravest exit code so far */
    bool stopped;       /* asked to stop */
};

/* One table of the database. */
struct command_table {
    char *table; /* the API's name */
    struct relation relation;
};
typedef enum err_code target_fn(void *ctx, struct command_context *c, const struct command_table *t,
                                struct err *e);
enum err_code command_each_table(struct command_context *c, target_fn *fn, void *ctx,
                                 struct err *e) MUST_CHECK;

/* Runs fn for this table alone, whatever other words the command line has. */
enum err_code command_one_table(struct command_context *c, const char *table, target_fn *fn,
                                void *ctx, struct err *e) MUST_CHECK;

/* Logs the error, and keeps its exit code. */
void command_failed(struct command_context *c, const char *table, const struct err *err);

/* --older-than, which must be given, as a point in time. */
enum err_code command_cutoff(const struct command_context *c, int64_t *cutoff,
                             struct err *e) MUST_CHECK;
/* --archive-dir or its default; the text is the caller's to free. */
enum err_code command_archive_dir(const struct command_context *c, char **dir,
                                  struct err *e) MUST_CHECK;

#endif
