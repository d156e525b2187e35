/*
 * The column that a member becomes in a view: its type, and the expression, which no value makes raise an error and which is
 * IMMUTABLE, so that it can be indexed. A value that does not fit the type is NULL.
 *
 *     enum member_cast cast = member_cast_of(&member);
 *     member_cast_sql(&sql, cast, member.path, e);       // adds CASE WHEN ... THEN ... END
 *     misfits = member_misfits(&member, cast);
 *
 * Which type: the family (boolean, numbers, times, UUID, texts) is one that 99 % of the values fit, and of it the narrowest type that
 * holds all that the family's widest holds: what is lost are odd values only, never those of a wider type of the same family. null,
 * '', {}, [] and times that stand for none count for no family. jsonb where no family has 99 %.
 * Numbers that are all 0 and 1 are integers: a count looks so, too. They are booleans where some value is true or false.
 * A text of digits with a leading zero makes all texts: as a number it would lose it.
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
/* 99 % of the values are objects. */
bool member_is_object(const struct member *m);
/* The type's name in PostgreSQL. */
const char *member_cast_name(enum member_cast cast);
/* CASTS where there is none of that name. */
enum member_cast member_cast_named(const char *name);

/* How many values the column does not show: neither null nor empty, and of no form that fits. */
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
