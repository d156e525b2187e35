#include "load/row/json_number.h"

#define NUMERIC_MOST_BEFORE 131072             /* digits before the point */
#define NUMERIC_MOST_AFTER  16383              /* and after it */
#define NUMERIC_EXPONENT    1073741823         /* (2^31 - 1) / 2: the first that is refused */
#define EXPONENT_CLAMP      (INT64_C(1) << 40) /* beyond every limit, far from overflow */
#define INT64_DIGITS        19

/* digits without sign and point, times 10 ^ power */
struct decimal {
    bool negative;
    const char *whole; /* before the point */
    size_t whole_len;
    const char *fraction; /* after it */
    size_t fraction_len;
    int64_t exponent;
};

static size_t digits_at(const char *s, const char *end)
{
    const char *p = s;

    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return (size_t)(p - s);
}

static int64_t parse_exponent(const char *s, const char *end)
{
    bool negative = s < end && *s == '-';
    int64_t v = 0;

    if (s < end && (*s == '-' || *s == '+'))
        s++;
    for (; s < end; s++) {
        v = v * 10 + (*s - '0');
        if (v > EXPONENT_CLAMP)
            v = EXPONENT_CLAMP;
    }
    return negative ? -v : v;
}

static struct decimal take_apart(const char *s, size_t n)
{
    const char *end = s + n;
    struct decimal d = {.negative = *s == '-', .fraction = ""};

    s += d.negative;
    d.whole = s;
    d.whole_len = digits_at(s, end);
    s += d.whole_len;
    if (s < end && *s == '.') {
        d.fraction = s + 1;
        d.fraction_len = digits_at(s + 1, end);
        s += 1 + d.fraction_len;
    }
    if (s < end)
        d.exponent = parse_exponent(s + 1, end);
    return d;
}

static char digit(const struct decimal *d, size_t i)
{
    return i < d->whole_len ? d->whole[i] : d->fraction[i - d->whole_len];
}

/* Digits [*from, *to) are those without the zeros at either end; none for zero. */
static void trim(const struct decimal *d, size_t *from, size_t *to)
{
    *from = 0;
    *to = d->whole_len + d->fraction_len;
    while (*from < *to && digit(d, *from) == '0')
        ++*from;
    while (*to > *from && digit(d, *to - 1) == '0')
        --*to;
}

bool json_number_fits_numeric(const char *s, size_t n)
{
    struct decimal d = take_apart(s, n);
    size_t from;
    size_t to;

    if (d.exponent >= NUMERIC_EXPONENT || d.exponent <= -NUMERIC_EXPONENT)
        return false;
    if ((int64_t)d.fraction_len - d.exponent > NUMERIC_MOST_AFTER)
        return false;
    trim(&d, &from, &to);
    return from == to || (int64_t)d.whole_len - (int64_t)from + d.exponent <= NUMERIC_MOST_BEFORE;
}

enum json_number_integer json_number_to_int64(const char *s, size_t n, int64_t *v)
{
    struct decimal d = take_apart(s, n);
    size_t from;
    size_t to;
    uint64_t sum = 0;

    *v = 0;
    trim(&d, &from, &to);
    if (from == to)
        return JSON_NUMBER_INTEGER;
    /* As many zeros to put behind the digits; below 0 some of them stand behind the point. */
    int64_t zeros = (int64_t)d.whole_len - (int64_t)to + d.exponent;
    if (zeros < 0)
        return JSON_NUMBER_FRACTION;
    if ((int64_t)(to - from) + zeros > INT64_DIGITS)
        return JSON_NUMBER_BEYOND;
    for (size_t i = from; i < to; i++)
        sum = sum * 10 + (uint64_t)(digit(&d, i) - '0');
    while (zeros-- > 0)
        sum *= 10;
    if (sum > (uint64_t)INT64_MAX + d.negative)
        return JSON_NUMBER_BEYOND;
    *v = (int64_t)(d.negative ? 0 - sum : sum);
    return JSON_NUMBER_INTEGER;
}
