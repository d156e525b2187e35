/*
 * The forms in which PHP sends what JSON has one form for: integers as strings of digits, truth as 1, "1" or
 * "true". Said once, for all who read records.
 */
#ifndef NETTY_SHARED_JSON_JSON_FORMS_H
#define NETTY_SHARED_JSON_JSON_FORMS_H

#include "shared/json/json_record.h"

/* True for true, 1, "1" and "true"; false for all else, and where there is no such member (NULL). */
bool json_is_true(const struct member *m);

/* The text of a number, or within a string of digits: a slice of the value. False: the member is
 * neither. */
bool json_number_text(const struct member *m, const char **s, size_t *n);

#endif
