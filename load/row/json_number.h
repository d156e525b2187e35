/*
 * JSON numbers as text, judged as PostgreSQL would judge them. The text must be a JSON number
 * (shared/json/json_record.h has seen to that).
 */
#ifndef NETTY_LOAD_ROW_JSON_NUMBER_H
#define NETTY_LOAD_ROW_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns true if PostgreSQL's numeric, as which jsonb stores numbers, can hold the number: at most 131072 digits before the
 * point and 16383 after it, and an exponent below 2^30 - 1, even of zero. */
bool json_number_fits_numeric(const char *s, size_t n);

/* Reads an integer in any form: 12, 12.0 and 1.2e1 are integers. A fraction is not, since the database's cast would round it. */
enum json_number_integer {
    JSON_NUMBER_INTEGER,
    JSON_NUMBER_FRACTION,
    JSON_NUMBER_BEYOND /* an integer beyond int64 */
};
enum json_number_integer json_number_to_int64(const char *s, size_t n, int64_t *v);

#endif
