#include "shared/time/calendar.h"
#include "shared/time/zone_changes_private.h"
#include <string.h>

/* "M3.5.0/2": the week-th (5: last) weekday (0: Sunday) of a month, and the wall clock's seconds
 * there. */
struct rule_date {
    int month;
    int week;
    int weekday;
    int64_t time;
};

struct rule {
    int64_t standard; /* offsets east of UTC */
    int64_t summer;
    bool changes;
    struct rule_date begin;
    struct rule_date end;
};

static bool rule_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool rule_number(const char **p, int max, int *v)
{
    const char *from = *p;
    *v = 0;
    while (**p >= '0' && **p <= '9' && *v <= max)
        *v = *v * 10 + (*(*p)++ - '0');
    return *p > from && *v <= max;
}

/* CET, or <+03> */
static bool rule_name(const char **p)
{
    size_t n;
    if (rule_char(p, '<')) {
        n = strcspn(*p, ">");
        *p += n;
        return n > 0 && rule_char(p, '>');
    }
    n = strspn(*p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    *p += n;
    return n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool rule_time(const char **p, int max_hours, int64_t *seconds)
{
    int h = 0;
    int m = 0;
    int s = 0;
    bool minus = rule_char(p, '-');
    if (!minus)
        (void)rule_char(p, '+');
    if (!rule_number(p, max_hours, &h))
        return false;
    if (rule_char(p, ':') &&
        (!rule_number(p, 59, &m) || (rule_char(p, ':') && !rule_number(p, 59, &s))))
        return false;
    *seconds = (int64_t)h * 3600 + m * 60 + s;
    if (minus)
        *seconds = -*seconds;
    return true;
}

/* POSIX counts offsets westward. */
static bool rule_offset(const char **p, int64_t *offset)
{
    if (!rule_time(p, 24, offset))
        return false;
    *offset = -*offset;
    return true;
}

/* The tz database uses the M form only; J and n, which POSIX has too, are refused by falling
 * through. */
static bool rule_date(const char **p, struct rule_date *d)
{
    d->time = 2 * 3600;
    return rule_char(p, ',') && rule_char(p, 'M') && rule_number(p, 12, &d->month) &&
           d->month >= 1 && rule_char(p, '.') && rule_number(p, 5, &d->week) && d->week >= 1 &&
           rule_char(p, '.') && rule_number(p, 6, &d->weekday) &&
           (!rule_char(p, '/') || rule_time(p, 167, &d->time));
}

static bool rule_parse(const char *text, struct rule *r)
{
    const char *p = text;
    if (!rule_name(&p) || !rule_offset(&p, &r->standard))
        return false;
    r->changes = *p != '\0';
    if (!r->changes)
        return true;
    r->summer = r->standard + 3600;
    if (!rule_name(&p) || (*p != ',' && !rule_offset(&p, &r->summer)))
        return false;
    return rule_date(&p, &r->begin) && rule_date(&p, &r->end) && *p == '\0';
}

/* The wall clock's second, as if it were UTC. */
static int64_t rule_date_in(const struct rule_date *d, int year)
{
    int64_t first = when_days(year, d->month, 1);
    int64_t next = d->month == 12 ? when_days(year + 1, 1, 1) : when_days(year, d->month + 1, 1);
    int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (d->weekday - weekday + 7) % 7 + 7 * ((int64_t)d->week - 1);
    while (day >= next)
        day -= 7;
    return day * 86400 + d->time;
}

/* For seconds of the years 1 to 9999. */
static int year_of(int64_t second)
{
    int year = 1970 + (int)(second / 31556952);
    while (when_days(year, 1, 1) * 86400 > second)
        year--;
    while (when_days(year + 1, 1, 1) * 86400 <= second)
        year++;
    return year;
}

enum err_code zone_rule_extend(struct zone_changes *c, const char *text)
{
    struct rule r = {0};
    if (!rule_parse(text, &r))
        return ERR_DATA;
    if (!r.changes)
        return OK;
    int64_t last = c->list[c->n - 1].at;
    /* Some files begin with a change at the birth of the universe. */
    int from = last < when_days(1900, 1, 1) * 86400 ? 1900 : year_of(last);
    for (int year = from; year <= from + 401; year++) {
        struct zone_change begin = {rule_date_in(&r.begin, year) - r.standard, r.summer};
        struct zone_change end = {rule_date_in(&r.end, year) - r.summer, r.standard};
        const struct zone_change *pair[2] = {&begin, &end};
        if (begin.at > end.at) {
            pair[0] = &end;
            pair[1] = &begin;
        }
        for (int i = 0; i < 2; i++) {
            enum err_code rc = OK;
            if (pair[i]->at > last && (rc = zone_add(c, pair[i]->at, pair[i]->offset)) != OK)
                return rc;
        }
    }
    c->cycle = when_days(from + 401, 1, 1) * 86400;
    return OK;
}
