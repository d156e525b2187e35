#include "extract/places/step_over.h"
#include "tests/model/player.h"
#include <inttypes.h>
#include <stdarg.h>

void player_tell(struct player *p, const char *fmt, ...)
{
    if (p->trace == NULL)
        return;
    va_list args;
    va_start(args, fmt);
    (void)vfprintf(p->trace, fmt, args);
    va_end(args);
}

void player_violated(struct player *p, const char *fmt, ...)
{
    if (p->result->violation[0] != '\0')
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(p->result->violation, sizeof(p->result->violation), fmt, args);
    va_end(args);
    player_tell(p, "VIOLATION: %s\n", p->result->violation);
}

bool player_is_blank(const struct player *p)
{
    return p->world.blank && !p->noticed;
}

bool player_is_excused(const struct player *p, unsigned record)
{
    return p->alone[record] >= STEP_ALONE_TRIES && places_lacking(p->places) > 0;
}

bool player_excuses(const struct player *p)
{
    for (unsigned i = 0; i < p->world.count; i++)
        if (p->alone[i] >= STEP_ALONE_TRIES)
            return true;
    return false;
}

static bool in_scope(const struct player *p, unsigned i)
{
    return p->h->start == START_FULL ||
           (world_shown(&p->world, i) > p->h->from && !world_garbled(&p->world, i));
}

void player_check_kept(struct player *p, uint64_t begin, const char *when)
{
    for (unsigned i = 0; i < p->world.count; i++) {
        const struct world_record *r = &p->world.records[i];
        char text[WHEN_TEXT];
        if (!r->alive || r->hidden || r->bad || r->changed >= begin || p->kept[i] == r->version ||
            player_is_blank(p) || player_is_excused(p, i))
            continue;
        if (r->timed ? in_scope(p, i) : p->everything)
            player_violated(p, "%s: record %u (%s) is not kept", when, i,
                            world_show(&p->world, i, text));
    }
}

void player_check_lacking(struct player *p, uint64_t lacking)
{
    uint64_t n = 0;
    enum world_bad is = p->h->world.bad_is;
    for (unsigned i = 0; i < p->world.count; i++) {
        const struct world_record *r = &p->world.records[i];
        bool counts = r->timed ? in_scope(p, i) : p->everything;
        n += r->alive && !r->hidden && r->bad && r->changed < p->begin && counts &&
             p->kept[i] != r->version;
    }
    if (n > lacking && !p->world.mended && (is == BAD_FAILS || is == BAD_HANGS))
        player_violated(p, "%" PRIu64 " records are not given, but complete but for %" PRIu64, n,
                        lacking);
}

void player_check_claim(struct player *p, int64_t complete, bool end)
{
    if (complete == p->complete || player_is_blank(p))
        return;
    p->complete = complete;
    for (unsigned i = 0; i < p->world.count; i++) {
        const struct world_record *r = &p->world.records[i];
        bool claimed = r->visible <= complete && (end || world_shown(&p->world, i) <= complete);
        char text[WHEN_TEXT];
        if (world_garbled(&p->world, i))
            continue;
        if (r->alive && !r->hidden && !r->bad && r->timed && !r->late && claimed &&
            in_scope(p, i) && p->kept[i] != r->version && !player_is_excused(p, i))
            player_violated(p,
                            "record %u.%u of second %" PRId64
                            " is not kept, but all is claimed complete up to %s",
                            i, r->version, (r->time - WORLD_FROM) / WHEN_SECOND,
                            when_iso(complete, text));
    }
}

void player_check_births(struct player *p, int64_t births_to)
{
    if (p->h->start != START_FULL || p->h->world.ignores_offset || births_to == WHEN_NONE ||
        player_is_blank(p))
        return;
    for (unsigned i = 0; i < p->world.count; i++) {
        const struct world_record *r = &p->world.records[i];
        if (r->alive && !r->hidden && !r->bad && !r->timed && r->visible < births_to &&
            p->kept[i] != r->version && !player_is_excused(p, i))
            player_violated(p, "record %u without a time is not kept, but claimed to be", i);
    }
}
