#include "shared/json/json_forms.h"

#include <string.h>

bool json_is_true(const struct member *m)
{
    static const char *const forms[] = {"true", "1", "\"1\"", "\"true\""};
    for (size_t i = 0; m != NULL && i < sizeof forms / sizeof *forms; i++)
        if (m->value_len == strlen(forms[i]) && memcmp(m->value, forms[i], m->value_len) == 0)
            return true;
    return false;
}

static bool all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return n > 0;
}

bool json_number_text(const struct member *m, const char **s, size_t *n)
{
    bool quoted = m->kind == JSON_STRING;
    *s = m->value + quoted;
    *n = m->value_len - (quoted ? 2 : 0);
    return m->kind == JSON_NUMBER || (quoted && all_digits(*s, *n));
}
