#include "shared/time/when.h"
#include "shared/time/calendar_private.h"
#include "shared/time/zone.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

struct civil {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
    int64_t micros;
};

static void civil_from_days(int64_t days, struct civil *t)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    t->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    t->month = (int)(month < 10 ? month + 3 : month - 9);
    t->year = (int)(year_of_era + era * 400 + (t->month <= 2));
}

static int days_in(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool civil_valid(const struct civil *t)
{
    return t->year >= 1 && t->month >= 1 && t->month <= 12 && t->day >= 1 &&
           t->day <= days_in(t->year, t->month) && t->minute <= 59 && t->second <= 60 &&
           (t->hour <= 23 || (t->hour == 24 && t->minute == 0 && t->second == 0 && t->micros == 0));
}

static int64_t civil_seconds(const struct civil *t)
{
    return when_days(t->year, t->month, t->day) * 86400 + (int64_t)t->hour * 3600 +
           (int64_t)t->minute * 60 + t->second;
}

static bool read_date(struct cursor *c, struct civil *t)
{
    return number(c, 4, &t->year) && take(c, '-') && number(c, 2, &t->month) && take(c, '-') &&
           number(c, 2, &t->day);
}

static bool read_fraction(struct cursor *c, int64_t *micros)
{
    if (!digit(c))
        return false;
    for (int64_t unit = 100000; digit(c); unit /= 10)
        *micros += (*c->p++ - '0') * unit;
    return true;
}

static bool read_clock(struct cursor *c, struct civil *t)
{
    if (!number(c, 2, &t->hour) || !take(c, ':') || !number(c, 2, &t->minute))
        return false;
    if (!take(c, ':'))
        return true;
    return number(c, 2, &t->second) && (!take(c, '.') || read_fraction(c, &t->micros));
}

/* Z, an offset, or nothing; sets *zoned and *offset. */
static bool read_zone(struct cursor *c, bool *zoned, int64_t *offset)
{
    *offset = 0;
    *zoned = take(c, 'Z') || take(c, 'z');
    if (!*zoned && c->p < c->end) {
        c->p += when_parse_offset(c->p, (size_t)(c->end - c->p), offset);
        *zoned = true;
    }
    return c->p == c->end;
}

static enum err_code in_range(int64_t seconds, int64_t micros, int64_t *t)
{
    /* 0001-01-01T00:00:00Z and 10000-01-01T00:00:00Z */
    if (seconds < INT64_C(-62135596800) || seconds >= INT64_C(253402300800))
        return ERR_DATA;
    *t = seconds * WHEN_SECOND + micros;
    return OK;
}

/* The parts of a time. *none: it is one of the zero dates. */
static enum err_code read_time(const char *s, size_t n, struct civil *at, bool *zoned,
                               int64_t *offset, bool *none)
{
    struct cursor c = {s, s + n};
    if (!read_date(&c, at))
        return ERR_DATA;
    if (c.p < c.end && ((!take(&c, ' ') && !take(&c, 'T') && !take(&c, 't')) ||
                        !read_clock(&c, at) || !read_zone(&c, zoned, offset)))
        return ERR_DATA;
    *none = at->year == 0 && at->month == 0 && at->day == 0;
    return *none || civil_valid(at) ? OK : ERR_DATA;
}

enum err_code when_parse(const char *s, size_t n, const struct zone *z, int64_t *t)
{
    struct civil at = {0};
    bool zoned = false;
    bool none = false;
    int64_t offset = 0;
    if (read_time(s, n, &at, &zoned, &offset, &none) != OK)
        return ERR_DATA;
    if (none) {
        *t = WHEN_NONE;
        return OK;
    }
    int64_t wall = civil_seconds(&at);
    return in_range(zoned ? wall - offset : zone_to_utc(z, wall), at.micros, t);
}

enum err_code when_parse_window(const char *s, size_t n, const struct zone *z,
                                struct when_window *w)
{
    struct civil at = {0};
    bool zoned = false;
    bool none = false;
    int64_t offset = 0;
    *w = (struct when_window){WHEN_NONE, WHEN_NONE, ZONE_ONCE};
    if (read_time(s, n, &at, &zoned, &offset, &none) != OK)
        return ERR_DATA;
    if (none)
        return OK;
    int64_t wall = civil_seconds(&at);
    int64_t first = wall - offset;
    int64_t last = first;
    if (!zoned)
        w->reading = zone_readings(z, wall, &first, &last);
    int64_t micros = at.micros;
    return in_range(first, w->reading == ZONE_NEVER ? 0 : micros, &w->first) == OK
               ? in_range(last, micros, &w->last)
               : ERR_DATA;
}

static int64_t clock_micros(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* cannot fail for the two clocks used here */
    return now.tv_sec * WHEN_SECOND + now.tv_nsec / 1000;
}

int64_t when_now(void)
{
    return clock_micros(CLOCK_REALTIME);
}

int64_t when_tick(void)
{
    return clock_micros(CLOCK_MONOTONIC);
}

/* Seconds and the microseconds beyond them, also before 1970. */
static int64_t split(int64_t t, int64_t *micros)
{
    int64_t seconds = t / WHEN_SECOND;
    *micros = t % WHEN_SECOND;
    if (*micros < 0) {
        *micros += WHEN_SECOND;
        seconds--;
    }
    return seconds;
}

static void civil_from_time(int64_t t, struct civil *out)
{
    int64_t seconds = split(t, &out->micros);
    int64_t days = seconds / 86400;
    if (seconds % 86400 < 0)
        days--;
    int rest = (int)(seconds - days * 86400);
    civil_from_days(days, out);
    out->hour = rest / 3600;
    out->minute = rest / 60 % 60;
    out->second = rest % 60;
}

static const char *show(int64_t t, int digits, int64_t unit, char out[WHEN_TEXT])
{
    struct civil c;
    out[0] = '\0';
    if (t == WHEN_NONE)
        return out;
    civil_from_time(t, &c);
    (void)snprintf(out, WHEN_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%0*dZ", c.year, c.month, c.day,
                   c.hour, c.minute, c.second, digits, (int)(c.micros / unit));
    return out;
}

const char *when_api(int64_t t, char out[WHEN_TEXT])
{
    return show(t, 3, 1000, out);
}

const char *when_iso(int64_t t, char out[WHEN_TEXT])
{
    return show(t, 6, 1, out);
}

const char *when_people(int64_t t, char out[WHEN_TEXT])
{
    struct tm tm;
    int64_t micros;
    time_t seconds = split(t, &micros);
    if (t == WHEN_NONE || localtime_r(&seconds, &tm) == NULL ||
        strftime(out, WHEN_TEXT, "%Y-%m-%d %H:%M:%S %Z", &tm) == 0)
        memcpy(out, "-", 2);
    return out;
}

/* Reads one of the names, or the first `letters` letters of one. Returns its index, or -1. */
static int read_name(struct cursor *c, const char *const *names, int n, size_t letters)
{
    size_t left = (size_t)(c->end - c->p);
    for (int i = 0; i < n; i++) {
        size_t len = letters != 0 ? letters : strlen(names[i]);
        if (left >= len && memcmp(c->p, names[i], len) == 0) {
            c->p += len;
            return i;
        }
    }
    return -1;
}

static bool read_month(struct cursor *c, struct civil *t)
{
    static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    t->month = read_name(c, months, 12, 3) + 1;
    return t->month > 0;
}

/* A time with all its three parts and no fraction. */
static bool read_http_clock(struct cursor *c, struct civil *t)
{
    const char *from = c->p;
    return read_clock(c, t) && c->p - from == 8;
}

static bool read_gmt(struct cursor *c)
{
    return take(c, ' ') && take(c, 'G') && take(c, 'M') && take(c, 'T');
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool read_imf(struct cursor *c, struct civil *t)
{
    return number(c, 2, &t->day) && take(c, ' ') && read_month(c, t) && take(c, ' ') &&
           number(c, 4, &t->year) && take(c, ' ') && read_http_clock(c, t) && read_gmt(c);
}

/* Sunday, 06-Nov-94 08:49:37 GMT: a year of two digits is never more than 50 years ahead. */
static bool read_rfc850(struct cursor *c, struct civil *t)
{
    struct civil now;
    if (!number(c, 2, &t->day) || !take(c, '-') || !read_month(c, t) || !take(c, '-') ||
        !number(c, 2, &t->year) || !take(c, ' ') || !read_http_clock(c, t) || !read_gmt(c))
        return false;
    civil_from_time(when_now(), &now);
    t->year += now.year / 100 * 100;
    if (t->year > now.year + 50)
        t->year -= 100;
    return true;
}

/* Sun Nov  6 08:49:37 1994 */
static bool read_asctime(struct cursor *c, struct civil *t)
{
    return read_month(c, t) && take(c, ' ') &&
           (take(c, ' ') ? number(c, 1, &t->day) : number(c, 2, &t->day)) && take(c, ' ') &&
           read_http_clock(c, t) && take(c, ' ') && number(c, 4, &t->year);
}

enum err_code when_parse_http(const char *s, size_t n, int64_t *t)
{
    static const char *const days[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};
    struct cursor c = {s, s + n};
    struct civil at = {0};
    bool good;
    while (take(&c, ' ') || take(&c, '\t'))
        ;
    while (c.end > c.p && (c.end[-1] == ' ' || c.end[-1] == '\t'))
        c.end--;
    if (read_name(&c, days, 7, 0) >= 0)
        good = take(&c, ',') && take(&c, ' ') && read_rfc850(&c, &at);
    else if (read_name(&c, days, 7, 3) < 0)
        good = false;
    else if (take(&c, ','))
        good = take(&c, ' ') && read_imf(&c, &at);
    else
        good = take(&c, ' ') && read_asctime(&c, &at);
    if (!good || c.p != c.end || !civil_valid(&at) || at.hour > 23)
        return ERR_DATA;
    return in_range(civil_seconds(&at), 0, t);
}
