/*
 * netty-spool's commands, and what they share. Results go to standard output, everything else is
 * logged. A command returns OK, or ERR_SET_ASIDE when it did its work and met damage on the way.
 */
#ifndef NETTY_SPOOL_CLI_SPOOL_COMMAND_H
#define NETTY_SPOOL_CLI_SPOOL_COMMAND_H

#include "shared/json/json_record.h"
#include "shared/options/options.h"
#include "spool/reader/reader.h"
#include <stdio.h>

struct spool_command {
    const struct options *options;
    const struct spool *spool;
    const char *const *words; /* after the command's name */
    size_t count;
    bool json;
    FILE *out;
};

enum err_code spool_command_ls(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_cat(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_verify(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_dead(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_history(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_prune(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_digest(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_forget(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_forget_database(const struct spool_command *c,
                                            struct err *e) MUST_CHECK;
enum err_code spool_command_heal(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_status(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_runs(const struct spool_command *c, struct err *e) MUST_CHECK;
/* c->spool NULL: the spools of all accounts are pushed. */
enum err_code spool_command_push(const struct spool_command *c, struct err *e) MUST_CHECK;
/* c->spool is NULL here: the command makes and opens the spool itself, or those of all accounts. */
enum err_code spool_command_pull(const struct spool_command *c, struct err *e) MUST_CHECK;
enum err_code spool_command_report(const struct spool_command *c, struct err *e) MUST_CHECK;
/* The page of all accounts, where none was named. */
enum err_code spool_report_all(const struct options *o, struct err *e) MUST_CHECK;

/* Adds a row about the table's reconcile, if there is one; *shown counts the rows. */
struct summary;
enum err_code spool_command_show_inventory(const struct spool_command *c, const char *table,
                                           struct summary *out, size_t *shown,
                                           struct err *e) MUST_CHECK;

/* Calls fn for the tables named on the command line, each of which must be there, or for all tables of the spool. */
typedef enum err_code spool_command_table_fn(const struct spool_command *c, const char *table,
                                             void *ctx, struct err *e);
enum err_code spool_command_each_table(const struct spool_command *c, spool_command_table_fn *fn,
                                       void *ctx, struct err *e) MUST_CHECK;

/* Fails unless all tables named on the command line are there. */
enum err_code spool_command_check_tables(const struct spool_command *c, struct err *e) MUST_CHECK;

/* Looks at the status of the tables named, or of all. The caller closes *w, also after a failure. */
struct status_watch;
enum err_code spool_command_look(const struct spool_command *c, struct status_watch **w,
                                 struct err *e) MUST_CHECK;

/* Walks over a table's pages: those that --segment, --from and --to choose. */
struct spool_command_walk {
    bool trusting; /* reads with reader_open_trusting */
    enum err_code (*page)(void *ctx, struct reader *r, const struct page_info *info, struct err *e);
    /* NULL: damage is logged. */
    enum err_code (*damage)(void *ctx, const struct page_info *info, const struct err *what,
                            struct err *e);
    void *ctx;
    uint64_t damaged; /* how many times damage was met */
};
enum err_code spool_command_walk_pages(const struct spool_command *c, const char *table,
                                       struct spool_command_walk *w, struct err *e) MUST_CHECK;

/* Finds the name of the table's key: that of the database's column if the loader has recorded it, else by the table's name. */
#define SPOOL_COMMAND_KEY_MAX 256
enum err_code spool_command_key(const struct spool_command *c, const char *table,
                                char key[SPOOL_COMMAND_KEY_MAX], struct err *e) MUST_CHECK;
/* Is the line a version of the record with that key? r is set only for a match. */
enum spool_command_match {
    SPOOL_COMMAND_OTHER,
    SPOOL_COMMAND_MATCH,
    SPOOL_COMMAND_UNREADABLE
};
enum spool_command_match spool_command_match(struct json_splitter *s, const char *key,
                                             const char *id, const char *line, size_t n,
                                             struct record *r) MUST_CHECK;

/* For a command that looks and has found something wrong: logs it, and returns the code. The command has not failed; e has the code
 * without a message, and the caller logs nothing more. */
enum err_code spool_command_found(enum err_code code, const char *what, const char *detail,
                                  struct err *e) MUST_CHECK;
/* Checks standard output for errors; to be called at the end, and meanwhile. EPIPE is ERR_INTERRUPTED with e->sys. */
enum err_code spool_command_written(const struct spool_command *c, struct err *e) MUST_CHECK;

#endif
