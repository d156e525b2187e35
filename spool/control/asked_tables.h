/*
 * Which tables the extractor is asked for: <spool>/asked.json, the lists of tables that its regular runs had. A list on a
 * command line stands in no configuration file; from this file other programs learn that a table is no longer named there.
 *
 *     asked_note(spool, names, n, named, e);          // the extractor, when a regular run begins
 *     asked_read(spool, &a, e);                       // no file, or a damaged one: no lists
 *     asked_given_up(&a, "users")                     // every list with this table was replaced by another list
 *     asked_by_command_line(&a, "users")
 *     asked_free(&a);
 *
 * A list that shares a table with an earlier list replaces it: somebody has edited the list of a schedule. A list that shares
 * no table with an earlier one does not replace it: it may be of another schedule, and the earlier schedule may have been
 * forgotten. A list that was replaced and comes back holds again; when it has come back ASKED_BACK times, the two lists are two
 * schedules, and only a list that was never seen before replaces it. Lists that come from the configuration or from the list
 * of the database's tables replace each other.
 * The file is written only when something changes: durably, under the folder's lock.
 */
#ifndef NETTY_SPOOL_CONTROL_ASKED_TABLES_H
#define NETTY_SPOOL_CONTROL_ASKED_TABLES_H

#include "spool/store/spool.h"
#include <stddef.h>
#include <stdint.h>

#define ASKED_FILE "asked.json"
#define ASKED_MAX  32u  /* lists that are remembered */
#define ASKED_TEXT 4096 /* bytes of a list; a longer one is not remembered */
#define ASKED_BACK 3
#define ASKED_RUNS 3 /* after so many runs a list is a schedule, not a trial by hand */

struct asked_list {
    char tables[ASKED_TEXT]; /* sorted, with commas between */
    uint64_t named;          /* 1: a command line gave the list */
    uint64_t runs;           /* how many runs had it, up to ASKED_RUNS */
    uint64_t back;           /* how often it came back after it was replaced, up to ASKED_BACK */
    uint64_t replaced;       /* 1: another list has replaced it */
};

struct asked_tables {
    struct asked_list *at; /* the oldest first */
    size_t count;
};

enum err_code asked_note(const struct spool *s, const char *const *tables, size_t n, bool named,
                         struct err *e) MUST_CHECK;
enum err_code asked_read(const struct spool *s, struct asked_tables *a, struct err *e) MUST_CHECK;
void asked_free(struct asked_tables *a);

bool asked_given_up(const struct asked_tables *a, const char *table);
/* Does a command line ask for the table regularly: is it in a list that has run ASKED_RUNS times and was not replaced? */
bool asked_by_command_line(const struct asked_tables *a, const char *table);

#endif
