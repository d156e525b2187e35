/*
 * The column that a member becomes in a view: its type, and its expression. The expression never raises an error, whatever the value, and is
 * IMMUTABLE, so that it can be indexed. A value that does not fit the type becomes NULL.
 *
 *     enum member_cast cast = member_cast_of(&member);
 *     member_cast_sql(&sql, cast, member.path, e);       // adds CASE WHEN ... THEN ... END
 *     misfits = member_misfits(&member, cast);
 *
 * How the type is chosen: the family (boolean, numbers, times, UUID, texts) is one that 99 % of the values fit. Of this family it is the
 * narrowest type that holds all values which the family's widest type holds, so that only values of another family are lost. null, '', {}, []
 * and times that stand for none count for no family. If no family has 99 %, the type is jsonb.
 * Numbers that are all 0 and 1 are integers, since a count may look so, too; they are booleans if some value is true or false.
 * If some text has digits with a leading zero, all are texts, since a number would lose the zero.
 */
#ifndef NETTY_LOAD_PROFILE_MEMBER_CAST_H
#define NETTY_LOAD_PROFILE_MEMBER_CAST_H

#include "load/profile/member_form.h"

enum member_cast {
    CAST_BOOLEAN,
    CAST_INTEGER,
    CAST_BIGINT,
    CAST_NUMERIC,
    CAST_DATE,
    CAST_TIME,
    CAST_TIMESTAMP,
    CAST_TIMESTAMPTZ,
    CAST_UUID,
    CAST_TEXT,
    CAST_JSONB,
    CASTS
};

enum member_cast member_cast_of(const struct member *m);
/* Returns true if 99 % of the values are objects. */
bool member_is_object(const struct member *m);
/* Returns the type's name in PostgreSQL. */
const char *member_cast_name(enum member_cast cast);
/* Returns CASTS if there is none of that name. */
enum member_cast member_cast_named(const char *name);

/* Returns how many values the column does not show: those that are neither null nor empty, and of no form that fits. */
int64_t member_misfits(const struct member *m, enum member_cast cast);

/* Adds the column's expression. path: MEMBER_LEVELS names, NULL after the last; the table's column is data. */
enum err_code member_cast_sql(struct buf *sql, enum member_cast cast, const char *const path[],
                              struct err *e) MUST_CHECK;
/* Adds the member as jsonb, or as text. */
enum err_code member_value_sql(struct buf *sql, const char *const path[], bool text,
                               struct err *e) MUST_CHECK;
/* Adds the condition that a value is there that the column does not show. */
enum err_code member_misfit_sql(struct buf *sql, enum member_cast cast, const char *const path[],
                                struct err *e) MUST_CHECK;

#endif
