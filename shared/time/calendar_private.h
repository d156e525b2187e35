/* Reads the pieces of a time from text: for calendar.c and when.c. */
#ifndef NETTY_SHARED_TIME_CALENDAR_PRIVATE_H
#define NETTY_SHARED_TIME_CALENDAR_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

struct cursor {
    const char *p;
    const char *end;
};

static inline bool take(struct cursor *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static inline bool digit(const struct cursor *c)
{
    return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static inline bool number(struct cursor *c, int digits, int *v)
{
    int sum = 0;

    if (c->end - c->p < digits)
        return false;
    for (int i = 0; i < digits; i++, c->p++) {
        if (*c->p < '0' || *c->p > '9')
            return false;
        sum = sum * 10 + (*c->p - '0');
    }
    *v = sum;
    return true;
}

#endif
