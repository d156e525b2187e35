/*
 * Which tables the extractor is asked for: <spool>/asked.json, the lists of tables that its regular runs had. What a command
 * line names stands in no configuration; so this is how others learn that a table is named no more.
 *
 *     asked_note(spool, names, n, named, e);          // the extractor, as each regular run begins
 *     asked_read(spool, &a, e);                       // no file, or a damaged one: no lists
 *     asked_given_up(&a, "users")                     // each list with it was replaced by another
 *     asked_by_command_line(&a, "users")
 *     asked_free(&a);
 *
 * A list replaces those that it has a table in common with, so a schedule whose list was edited is known. One that shares
 * no table with any replaces none: it may be another schedule, and the first one may be what somebody forgot. A list that was
 * replaced and comes back holds again. After ASKED_BACK times both are schedules side by side, and only a list that is new
 * replaces it. Lists that the configuration or the catalog gave replace each other.
 * Writes only where something changes: durable, under the folder's lock.
 */
#ifndef NETTY_SPOOL_CONTROL_ASKED_TABLES_H
#define NETTY_SPOOL_CONTROL_ASKED_TABLES_H

#include "spool/store/spool.h"
#include <stddef.h>
#include <stdint.h>

#define ASKED_FILE "asked.json"
#define ASKED_MAX  32u  /* lists that are remembered */
#define ASKED_TEXT 4096 /* bytes of one; a longer one is not remembered */
#define ASKED_BACK 3
#define ASKED_RUNS 3 /* runs after which a list is no trial by hand any more */

struct asked_list {
    char tables[ASKED_TEXT]; /* sorted, with commas between */
    uint64_t named;          /* 1: by a command line */
    uint64_t runs;           /* up to ASKED_RUNS */
    uint64_t back;           /* how often it came back after it was replaced, up to ASKED_BACK */
    uint64_t replaced;       /* 1: it is */
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
/* Regularly: by a list of a command line that has run ASKED_RUNS times and holds. */
bool asked_by_command_line(const struct asked_tables *a, const char *table);

#endif
