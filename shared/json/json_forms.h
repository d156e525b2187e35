/*
 * The other forms in which PHP sends an integer or a truth value: integers as strings of digits, true as 1, "1"
 * or "true". All readers of records use these two functions, so that they agree.
 */
#ifndef NETTY_SHARED_JSON_JSON_FORMS_H
#define NETTY_SHARED_JSON_JSON_FORMS_H

#include "shared/json/json_record.h"

/* Returns true for true, 1, "1" and "true"; false for every other value, and for NULL (no such member). */
bool json_is_true(const struct member *m);

/* Sets *s and *n to the digits of a number, or of a string that holds a number: a slice of the member's value. Returns false
 * for any other value. */
bool json_number_text(const struct member *m, const char **s, size_t *n);

#endif
