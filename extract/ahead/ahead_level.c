#include "extract/ahead/ahead_level.h"

#define QUICK  INT64_C(10000) /* microseconds */
#define SURE   3              /* pages; the first one's time holds that of its connection */
#define UNUSED 50             /* one request in so many */
#define LOST   100            /* the same, by runs that were interrupted */
#define FIRST  12             /* so many may be lost once, however few pages there are */

void ahead_level_init(struct ahead_level *l, unsigned most)
{
    *l = (struct ahead_level){.most = most > 0 ? most : 1, .now = 1};
    ahead_level_bound(l, 0, 0);
}

void ahead_level_bound(struct ahead_level *l, uint64_t whole, uint64_t lost)
{
    uint64_t first = l->most / 2 > FIRST ? l->most / 2 : FIRST;
    uint64_t share = whole / LOST;
    if (lost == 0)
        l->spare = share > first ? share : first;
    else
        l->spare = share > lost ? share - lost : 0;
}

bool ahead_level_spares(const struct ahead_level *l, uint64_t at_stake)
{
    return at_stake < l->spare;
}

void ahead_level_took(struct ahead_level *l, int64_t elapsed)
{
    l->took[l->times++ % AHEAD_TIMES] = elapsed;
}

static int64_t quickest(const struct ahead_level *l)
{
    unsigned n = l->times < AHEAD_TIMES ? l->times : AHEAD_TIMES;
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < n; i++)
        least = l->took[i] < least ? l->took[i] : least;
    return least;
}

void ahead_level_right(struct ahead_level *l, unsigned open)
{
    if (open > l->now) /* what was asked for before a failure is still on its way */
        return;
    if (l->times < SURE || quickest(l) < QUICK)
        l->now = 1;
    else if (l->now < l->most)
        l->now++;
}

void ahead_level_failed(struct ahead_level *l)
{
    l->now = 1;
}

unsigned ahead_level(struct ahead_level *l, uint64_t requests, uint64_t unused)
{
    if (unused * UNUSED > requests)
        l->now = 1;
    return l->now;
}
