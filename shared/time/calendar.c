#include "shared/time/calendar.h"
#include "shared/time/calendar_private.h"

int64_t when_days(int year, int month, int day)
{
    /* Years that begin in March put the leap day at their end. */
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

size_t when_parse_offset(const char *s, size_t n, int64_t *seconds)
{
    struct cursor c = {s, s + n};
    int hours = 0;
    int minutes = 0;
    bool minus = take(&c, '-');
    if ((!minus && !take(&c, '+')) || !number(&c, 2, &hours) || hours > 15)
        return 0;
    if ((take(&c, ':') || digit(&c)) && (!number(&c, 2, &minutes) || minutes > 59))
        return 0;
    *seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    if (minus)
        *seconds = -*seconds;
    return (size_t)(c.p - s);
}
