/*
 * What is known of a table's members: one pass over it in the server.
 *
 *     table_profile_read(&p, c, target, depth, e);      // waits; ends soon after session_stop
 *     for (size_t i = 0; i < p.count; i++)
 *         use(&p.members[i]);                // by path, in the order of "C"
 *     table_profile_free(&p);
 *
 * An object with more than PROFILE_WIDE members anywhere among the rows is a map of values, not a record: what is below it is left
 * away, so that nobody's keys are shown, and `wide` is set. What was not read of more than PROFILE_MOST members: `cut`.
 */
#ifndef NETTY_LOAD_PROFILE_TABLE_PROFILE_H
#define NETTY_LOAD_PROFILE_TABLE_PROFILE_H

#include "load/command/command.h"
#include "load/profile/member_form.h"

#define PROFILE_WIDE 200
#define PROFILE_MOST 20000

struct table_profile {
    PGresult *result; /* whose texts the members point into */
    struct member *members;
    bool *wide; /* of each member */
    size_t count;
    bool cut;
};

/* depth: levels below the outermost, at most MEMBER_LEVELS - 1. */
enum err_code table_profile_read(struct table_profile *p, struct command_context *c,
                                 const struct command_table *t, int64_t depth,
                                 struct err *e) MUST_CHECK;
void table_profile_free(struct table_profile *p);

/* What a pass will read: rows, as the server estimates them, and bytes. */
enum err_code table_profile_cost(struct command_context *c, const struct command_table *t,
                                 int64_t *rows, int64_t *bytes, struct err *e) MUST_CHECK;

/* A statement that reads a whole table has met the role's time limit: says what to do, and that trying again does not help. Else
 * leaves *e as it is. Returns its code. */
enum err_code table_profile_explain(const struct command_context *c, const struct command_table *t,
                                    struct err *e) MUST_CHECK;

#endif
