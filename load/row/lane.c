#include "load/row/lane.h"

int progress_compare(const struct progress *a, const struct progress *b)
{
    int c = page_compare(a->place, b->place);

    if (c != 0 || a->line == b->line)
        return c;
    if (a->line == 0 || b->line == 0) /* 0 is the whole page */
        return a->line == 0 ? 1 : -1;
    return a->line < b->line ? -1 : 1;
}

/* A hash that puts neighbouring keys into different lanes, whatever the step from key to key. */
unsigned lane_of(int64_t key)
{
    return (unsigned)((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15) >> 62) % LANES;
}

unsigned lanes_behind(const struct lanes *l, struct progress *from, struct progress *until,
                      bool *bounded)
{
    unsigned which = 0;

    *from = l->at[0];
    *bounded = false;
    for (unsigned i = 1; i < LANES; i++)
        if (progress_compare(&l->at[i], from) < 0)
            *from = l->at[i];
    for (unsigned i = 0; i < LANES; i++) {
        if (progress_compare(&l->at[i], from) == 0) {
            which |= 1u << i;
        } else if (!*bounded || progress_compare(&l->at[i], until) < 0) {
            *until = l->at[i];
            *bounded = true;
        }
    }
    return which;
}

void lanes_move(struct lanes *l, unsigned which, const struct progress *to)
{
    for (unsigned i = 0; i < LANES; i++)
        if ((which >> i & 1u) != 0)
            l->at[i] = *to;
}

unsigned lanes_share(unsigned i, unsigned n)
{
    unsigned which = 0;

    for (unsigned lane = 0; lane < LANES; lane++)
        which |= (unsigned)(lane * n / LANES == i) << lane;
    return which;
}
