#include "shared/base/units.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"", SECOND},       {"ms", 1000},         {"s", SECOND},
    {"m", 60 * SECOND}, {"h", 3600 * SECOND}, {"d", 86400 * SECOND},
};

static const struct unit size_units[] = {
    {"", 1},
    {"K", INT64_C(1) << 10},
    {"M", INT64_C(1) << 20},
    {"G", INT64_C(1) << 30},
};

static const struct unit count_units[] = {{"", 1}};

static enum err_code parse(const char *s, const struct unit *units, size_t n, int64_t *out)
{
    int64_t value = 0;
    const char *p = s;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *p - '0', &value))
            return ERR_USAGE;
    if (p == s)
        return ERR_USAGE;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(p, units[i].name) != 0)
            continue;
        if (__builtin_mul_overflow(value, units[i].factor, &value))
            return ERR_USAGE;
        *out = value;
        return OK;
    }
    return ERR_USAGE;
}

#define PARSE(s, units, out) parse((s), (units), sizeof(units) / sizeof((units)[0]), (out))

enum err_code units_duration(const char *s, int64_t *us)
{
    return PARSE(s, duration_units, us);
}

enum err_code units_size(const char *s, int64_t *bytes)
{
    return PARSE(s, size_units, bytes);
}

enum err_code units_count(const char *s, int64_t *n)
{
    return PARSE(s, count_units, n);
}

/* Also right for INT64_MIN, whose negative does not exist. */
static uint64_t magnitude(int64_t n)
{
    return n < 0 ? -(uint64_t)n : (uint64_t)n;
}

/* Durations of a minute and more: the two greatest units that are not 0, "1h30m", "2h". */
static void show_long(const char *sign, uint64_t seconds, char out[UNITS_TEXT])
{
    static const struct {
        char name;
        uint64_t seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    size_t i = 0;
    while (seconds < units[i].seconds)
        i++;
    uint64_t most = seconds / units[i].seconds;
    uint64_t rest = seconds % units[i].seconds / units[i + 1].seconds;
    if (rest == 0)
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 "%c", sign, most, units[i].name);
    else
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 "%c%" PRIu64 "%c", sign, most, units[i].name,
                       rest, units[i + 1].name);
}

const char *units_show_duration(int64_t us, char out[UNITS_TEXT])
{
    const char *sign = us < 0 ? "-" : "";
    uint64_t n = magnitude(us);
    uint64_t second = (uint64_t)SECOND;
    if (n >= 60 * second)
        show_long(sign, n / second, out);
    else if (n % second >= second / 10 && n >= second)
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 ".%" PRIu64 "s", sign, n / second,
                       n % second / (second / 10));
    else if (n >= second || n == 0)
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 "s", sign, n / second);
    else if (n >= 1000)
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 "ms", sign, n / 1000);
    else
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 "us", sign, n);
    return out;
}

const char *units_show_seconds(int64_t us, char out[UNITS_TEXT])
{
    uint64_t n = magnitude(us);
    (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 ".%03" PRIu64, us < 0 ? "-" : "", n / 1000000,
                   n / 1000 % 1000);
    return out;
}

const char *units_show_size(int64_t bytes, char out[UNITS_TEXT])
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    const char *sign = bytes < 0 ? "-" : "";
    uint64_t n = magnitude(bytes);
    size_t unit = 0;
    while (unit + 1 < sizeof names / sizeof names[0] && n >> (10 * (unit + 1)) != 0)
        unit++;
    uint64_t one = UINT64_C(1) << (10 * unit);
    /* Tenths are cut, not rounded: 1023.99 KiB must not read as 1024.0. */
    uint64_t tenths = unit == 0 ? 0 : ((n % one) >> (10 * (unit - 1))) * 10 / 1024;
    if (n % one == 0)
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 " %s", sign, n / one, names[unit]);
    else
        (void)snprintf(out, UNITS_TEXT, "%s%" PRIu64 ".%" PRIu64 " %s", sign, n / one, tenths,
                       names[unit]);
    return out;
}

const char *units_show_count(int64_t n, char out[UNITS_TEXT])
{
    static const char space[] = "\xe2\x80\xaf"; /* U+202F */
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, magnitude(n));
    char *p = out;
    if (n < 0)
        *p++ = '-';
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            memcpy(p, space, 3);
            p += 3;
        }
        *p++ = digits[i];
    }
    *p = '\0';
    return out;
}
