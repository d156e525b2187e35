#include "shared/base/table_names.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Not isalpha(): what it takes depends on the locale. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *table)
{
    if (!is_letter(table[0]))
        return false;
    for (const char *p = table; *p != '\0'; p++)
        if (!is_letter(*p) && !(*p >= '0' && *p <= '9') && *p != '_' && *p != '-')
            return false;
    return true;
}

enum err_code names_check_table(const char *table, const char *origin, struct err *e)
{
    if (!is_name(table))
        return err_set(e, ERR_USAGE,
                       "'%.80s' (%s) is not a table's name: use letters, digits, _ and -, "
                       "starting with a letter",
                       table, origin);
    if (strlen(table) > NAMES_TABLE_MAX)
        return err_set(e, ERR_USAGE, "the table's name '%.80s' (%s) is longer than %d characters",
                       table, origin, NAMES_TABLE_MAX);
    return OK;
}

void names_key(const char *table, char out[NAMES_TABLE_MAX + 8])
{
    size_t n = strnlen(table, NAMES_TABLE_MAX);
    const char *ending = "_id";
    if (n > 3 && memcmp(table + n - 3, "ies", 3) == 0) {
        n -= 3;
        ending = "y_id";
    } else if (n > 1 && table[n - 1] == 's') {
        n--;
    }
    (void)snprintf(out, NAMES_TABLE_MAX + 8, "%.*s%s", (int)n, table, ending);
}

void names_relation(const char *table, char out[NAMES_TABLE_MAX + 8])
{
    (void)snprintf(out, NAMES_TABLE_MAX + 8, NAMES_RELATION_PREFIX "%.*s", NAMES_TABLE_MAX, table);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned names_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    /* rows[i % 3][j]: the distance of a's first i letters from b's first j */
    unsigned rows[3][NAMES_TABLE_MAX + 1];
    if (a_len > NAMES_TABLE_MAX || b_len > NAMES_TABLE_MAX)
        return NAMES_TABLE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i - 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            row[j] = least(least(row[j - 1], above[j]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}
