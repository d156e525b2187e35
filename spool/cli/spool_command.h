/*
 * netty-spool's commands, and what they share. Results go to standard output, everything else is
 * logged. A command answers OK, or ERR_SET_ASIDE when it did its work and met damage on the way.
 */
#ifndef NETTY_SPOOL_CLI_SPOOL_COMMAND_H
#define NETTY_SPOOL_CLI_SPOOL_COMMAND_H

#include "shared/cli/options.h"
#include "shared/json/json_record.h"
#include "spool/reader/reader.h"
#include <stdio.h>

struct cmd {
    const struct options *options;
    const struct spool *spool;
    const char *const *words; /* after the command's name */
    size_t count;
    bool json;
    FILE *out;
};

enum err_code cmd_ls(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_cat(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_verify(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_dead(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_history(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_prune(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_digest(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_heal(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_status(const struct cmd *c, struct err *e) MUST_CHECK;
enum err_code cmd_report(const struct cmd *c, struct err *e) MUST_CHECK;

/* A row of the table's reconcile, where there is one; *shown counts. */
struct summary;
enum err_code cmd_show_roll(const struct cmd *c, const char *table, struct summary *out,
                            size_t *shown, struct err *e) MUST_CHECK;

/* The tables named, each of which must be there, or all there are. */
typedef enum err_code cmd_table_fn(const struct cmd *c, const char *table, void *ctx,
                                   struct err *e);
enum err_code cmd_each_table(const struct cmd *c, cmd_table_fn *fn, void *ctx,
                             struct err *e) MUST_CHECK;

/* Are all the tables named there? */
enum err_code cmd_check_tables(const struct cmd *c, struct err *e) MUST_CHECK;

/* The status of the tables named, or of all; *w is the caller's to close, also after a failure. */
struct status_watch;
enum err_code cmd_look(const struct cmd *c, struct status_watch **w, struct err *e) MUST_CHECK;

/* A table's pages, those that --segment, --from and --to choose. */
struct cmd_walk {
    bool trusting; /* reader_open_trusting */
    enum err_code (*page)(void *ctx, struct reader *r, const struct page_info *info, struct err *e);
    /* NULL: it is logged. */
    enum err_code (*damage)(void *ctx, const struct page_info *info, const struct err *what,
                            struct err *e);
    void *ctx;
    uint64_t damaged; /* how many times damage was met */
};
enum err_code cmd_walk_pages(const struct cmd *c, const char *table, struct cmd_walk *w,
                             struct err *e) MUST_CHECK;

/* The name of the table's key. */
#define CMD_KEY_MAX 256
enum err_code cmd_key(const struct cmd *c, const char *table, char key[CMD_KEY_MAX],
                      struct err *e) MUST_CHECK;
/* Is the line a version of the record with that key? r is filled for a match. */
enum cmd_match {
    CMD_OTHER,
    CMD_MATCH,
    CMD_UNREADABLE
};
enum cmd_match cmd_match(struct json_splitter *s, const char *key, const char *id, const char *line,
                         size_t n, struct record *r) MUST_CHECK;

/* stdout's errors, at the end and between; EPIPE is ERR_INTERRUPTED with e->sys. */
enum err_code cmd_written(const struct cmd *c, struct err *e) MUST_CHECK;

#endif
