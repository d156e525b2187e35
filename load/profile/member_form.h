/*
 * The forms of a member's values, and what is counted of a member. load/sql/profile.sql sorts each value into one form.
 *
 * A form of texts or numbers has a test in SQL (member_form_test): a condition on an expression of type text. The test never raises an error,
 * and if it is true, the cast to the form's type (member_cast.h) raises none either. Every name in it is qualified, every function IMMUTABLE.
 */
#ifndef NETTY_LOAD_PROFILE_MEMBER_FORM_H
#define NETTY_LOAD_PROFILE_MEMBER_FORM_H

#include "shared/base/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum member_form {
    FORM_NULL,
    FORM_EMPTY, /* '', {}, [], and the times that stand for none: 0000-00-00, -0001-11-30 */
    FORM_BOOLEAN,
    FORM_TRUTH,   /* a text, true or false */
    FORM_FLAG,    /* 0 or 1, as a number or a text */
    FORM_INTEGER, /* up to nine characters, no leading zero */
    FORM_BIGINT,  /* ... up to 18 */
    FORM_DECIMAL, /* any other number; a text of digits, maybe with a decimal point */
    FORM_CODE, /* a text of digits with a leading zero, as postal codes and telephone numbers have */
    FORM_DATE,      /* 2024-02-29 */
    FORM_TIME,      /* 10:22:33, or without seconds, or with a fraction */
    FORM_TIMESTAMP, /* both, with a blank or T between them */
    FORM_ZONED,     /* ... and Z or an offset */
    FORM_UUID,
    FORM_MAIL,
    FORM_TEXT, /* any other text */
    FORM_OBJECT,
    FORM_ARRAY,
    FORMS
};

#define MEMBER_LEVELS 3 /* outermost, and two below */
struct member {
    const char
        *path[MEMBER_LEVELS]; /* NULL: no such level; the owner of the member owns the texts */
    int64_t records;          /* that have it */
    int64_t strings, numbers, booleans, objects, arrays;
    int64_t distinct;             /* about */
    const char *least, *greatest; /* number, as text, or NULL */
    const char *first, *last;     /* time, as text, or NULL */
    int64_t seen;                 /* the earliest time of a record that has it, or WHEN_NONE */
    int64_t forms[FORMS];
};

/* Both are the path of the same member. */
bool member_path_same(const char *const a[], const char *const b[]);

/* Returns the form's name, as in load/sql/profile.sql. */
const char *member_form_name(enum member_form form);

/* Adds the test of FORM_INTEGER, BIGINT, DECIMAL, DATE, TIME, TIMESTAMP, ZONED or UUID, in parentheses. text is an SQL expression. */
enum err_code member_form_test(struct buf *sql, enum member_form form, const char *text) MUST_CHECK;

#endif
