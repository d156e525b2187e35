/*
 * The members of a table's data, counted in one pass over the table in the server.
 *
 *     table_profile_read(&p, c, target, depth, e);      // waits; ends soon after session_stop
 *     for (size_t i = 0; i < p.count; i++)
 *         use(&p.members[i]);                // by path, in the order of "C"
 *     table_profile_free(&p);
 *
 * An object that has more than PROFILE_WIDE different members over all rows counts as a map, not as a record: its members are left out, so that
 * nobody's keys are shown, and `wide` is set. With more than PROFILE_MOST members the rest is not read, and `cut` is set.
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

/* If *e says that a statement which reads the whole table met the role's time limit, adds what to do, and makes it an error that is not tried
 * again. Other errors stay as they are. Returns e's code. */
enum err_code table_profile_explain(const struct command_context *c, const struct command_table *t,
                                    struct err *e) MUST_CHECK;

#endif
