#include "tests/sim/base/stamp.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

static const char *const format_names[STAMP_FORMATS] = {
    "iso", "z", "space", "t", "fraction", "offset", "paris", "mixed",
};

struct civil {
    int year, month, day, weekday; /* month 1-12, weekday 0 = Sunday */
    int hour, minute, second, micro;
};

bool stamp_format_named(const char *name, enum stamp_format *f)
{
    for (int i = 0; i < STAMP_FORMATS; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *f = (enum stamp_format)i;
            return true;
        }
    }
    return false;
}

const char *stamp_format_names(void)
{
    return "iso|z|space|t|fraction|offset|paris|mixed";
}

/* The proleptic Gregorian calendar, counted in years that begin on the first of March, so that the
 * leap day is the last of its year. */
static int64_t days_of(int year, int month, int day)
{
    int y = month > 2 ? year : year - 1;
    int m = month > 2 ? month - 3 : month + 9;
    int64_t of_years = INT64_C(365) * y + y / 4 - y / 100 + y / 400;
    return of_years + (153 * m + 2) / 5 + day - 1 - 719468;
}

static void civil_date(int64_t days, struct civil *c)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int doe = (int)(z - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int m = (5 * doy + 2) / 153;
    c->day = doy - (153 * m + 2) / 5 + 1;
    c->month = m < 10 ? m + 3 : m - 9;
    c->year = (int)(era * 400) + yoe + (c->month <= 2);
    c->weekday = (int)((days + 4) % 7);
}

static struct civil civil_of(int64_t t)
{
    struct civil c;
    civil_date(t / DAY, &c);
    int64_t rest = t % DAY;
    c.micro = (int)(rest % SECOND);
    int s = (int)(rest / SECOND);
    c.hour = s / 3600;
    c.minute = s / 60 % 60;
    c.second = s % 60;
    return c;
}

/* The moment, 01:00 UTC on the month's last Sunday, at which the clocks change. */
static int64_t change_of(int year, int month)
{
    int64_t last = days_of(year, month, 31);
    return (last - (last + 4) % 7) * DAY + HOUR;
}

int64_t stamp_paris_ahead(int64_t t)
{
    int year = civil_of(t).year;
    bool summer = t >= change_of(year, 3) && t < change_of(year, 10);
    return summer ? 2 * HOUR : HOUR;
}

int64_t stamp_from_paris(int64_t wall)
{
    int64_t winter = wall - HOUR;
    return stamp_paris_ahead(winter) == HOUR ? winter : wall - 2 * HOUR;
}

static char *put(char *p, const char *s)
{
    while (*s != '\0')
        *p++ = *s++;
    return p;
}

static char *put_number(char *p, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        p[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return p + digits;
}

static char *put_clock(char *p, const struct civil *c)
{
    p = put_number(p, c->hour, 2);
    *p++ = ':';
    p = put_number(p, c->minute, 2);
    *p++ = ':';
    return put_number(p, c->second, 2);
}

size_t stamp_text(enum stamp_format f, uint64_t pick, int64_t t, char out[STAMP_TEXT])
{
    static const enum stamp_format mix[] = {STAMP_ISO, STAMP_Z, STAMP_SPACE, STAMP_T, STAMP_OFFSET};
    if (f == STAMP_MIXED)
        f = mix[pick % (sizeof mix / sizeof *mix)];
    int64_t ahead = f == STAMP_OFFSET || f == STAMP_PARIS ? stamp_paris_ahead(t) : 0;
    struct civil c = civil_of(t + ahead);
    char *p = put_number(out, c.year, 4);
    *p++ = '-';
    p = put_number(p, c.month, 2);
    *p++ = '-';
    p = put_number(p, c.day, 2);
    *p++ = f == STAMP_SPACE || f == STAMP_PARIS ? ' ' : 'T';
    p = put_clock(p, &c);
    if (f == STAMP_FRACTION) {
        *p++ = '.';
        p = put_number(p, c.micro, 6);
    }
    if (f == STAMP_ISO)
        p = put(p, ".000");
    if (f == STAMP_ISO || f == STAMP_Z || f == STAMP_FRACTION)
        *p++ = 'Z';
    if (f == STAMP_OFFSET)
        p = put(p, ahead == HOUR ? "+01:00" : "+02:00");
    *p = '\0';
    return (size_t)(p - out);
}

void stamp_http(int64_t t, char out[STAMP_TEXT])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct civil c = civil_of(t);
    char *p = put(out, days[c.weekday]);
    p = put(p, ", ");
    p = put_number(p, c.day, 2);
    *p++ = ' ';
    p = put(p, months[c.month - 1]);
    *p++ = ' ';
    p = put_number(p, c.year, 4);
    *p++ = ' ';
    p = put_clock(p, &c);
    p = put(p, " GMT");
    *p = '\0';
}
