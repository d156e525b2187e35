#include "extract/places/step_over.h"
#include <limits.h>

#define SIZE_SMALL 10 /* pages of so few places are no sign of any API that is known: more proof */

static enum step_result plain(struct step *s, unsigned size)
{
    s->state = STEP_NONE;
    s->size = size;
    return STEP_PLAIN;
}

/* Makes the page begin one place earlier, if it begins with the cause: the record before the cause must be seen to stay where it is. */
static void begin_earlier(struct step *s)
{
    if (s->low > 0 || s->pinned || s->offset == 0)
        return;
    s->offset--;
    s->low = 1;
    s->high = 2;
    s->earlier = true;
}

static enum step_result alone(struct step *s)
{
    begin_earlier(s);
    s->state = STEP_ALONE;
    s->tries = 0;
    s->unlike = false;
    return STEP_ON;
}

static enum step_result search(struct step *s)
{
    if (s->high - s->low < 2)
        return alone(s);
    s->state = STEP_SEARCH;
    return STEP_ON;
}

static unsigned middle(const struct step *s)
{
    unsigned half = s->low + (s->high - s->low) / 2;
    unsigned near = s->low + s->stride;
    return s->stride > 0 && near < s->high ? near : half;
}

/* Goes on behind the gap. A good record may have come in place of a known one that is gone: at an open end in place of the last
 * one, in a list that grows at its beginning in place of the first, and between two neighbours, as long as records come in there, in
 * place of any. These places are requested first. */
static enum step_result behind(struct step *s)
{
    bool first = s->grows && s->low == 0;
    bool open = s->known && s->gap > 0 && (first || !s->has_after || s->young);
    bool asked = s->failed && s->gap == 1 && !s->young;
    s->at = first || s->young || s->gap == 0 ? 0 : s->gap - 1;
    s->state = open && !asked ? STEP_AGAIN : STEP_BEHIND;
    return STEP_ON;
}

/* Begins the page (anew) with the part before the cause. */
static enum step_result before(struct step *s)
{
    s->before = (struct step_facts){0};
    s->tries = 0;
    if (s->low == 0)
        return behind(s);
    s->state = STEP_BEFORE;
    return STEP_ON;
}

/* Sets the size of the next try of BEHIND, between what was answered and what was not. */
static enum step_result less_behind(struct step *s)
{
    if (!s->fine)
        s->behind = s->behind > 1 ? s->behind / 2 : 1;
    else if (s->beyond > s->within + 1)
        s->behind = s->within + (s->beyond - s->within) / 2;
    else
        s->behind = s->within > 0 ? s->within : 1;
    return before(s);
}

static enum step_result taken(struct step *s)
{
    s->state = STEP_NONE;
    return STEP_TAKEN;
}

/* The list has moved, or is not what it seemed: begins another round. */
static enum step_result next_round(struct step *s, enum step_result to)
{
    s->known = false;
    if (++s->rounds < STEP_ROUNDS_MAX)
        return to;
    s->state = STEP_NONE;
    return STEP_LOST;
}

enum step_result step_begin(struct step *s, uint64_t offset, unsigned limit, bool pinned,
                            unsigned rounds)
{
    *s = (struct step){.offset = offset,
                       .limit = limit,
                       .high = limit,
                       .behind = limit,
                       .pinned = pinned,
                       .failed = true,
                       .rounds = rounds};
    return search(s);
}

void step_begin_known(struct step *s, uint64_t offset, unsigned limit, bool pinned,
                      const struct step_known *known)
{
    *s = (struct step){.offset = offset,
                       .limit = limit,
                       .pinned = pinned,
                       .low = known->low,
                       .high = limit,
                       .gap = known->count,
                       .count = known->count,
                       .behind = known->behind,
                       .known = true,
                       .grows = known->grows,
                       /* where another filter begins, what stands first may be another record */
                       .young = known->young || (known->guess && known->low == 0),
                       .guess = known->guess,
                       .hint = known->hint,
                       .failed = known->hint,
                       .sure = true,
                       .has_before = known->has_before,
                       .has_after = known->has_after,
                       .before_id = known->before_id,
                       .after_id = known->after_id};
    begin_earlier(s);
    if (known->check) {
        s->gap = 0;
        (void)alone(s);
    } else {
        (void)before(s);
    }
}

void step_request(const struct step *s, struct step_request *out)
{
    *out = (struct step_request){.offset = s->offset, .looks = true};
    switch (s->state) {
    case STEP_NONE:
        break;
    case STEP_SEARCH:
        out->limit = middle(s);
        break;
    case STEP_ALONE:
        out->offset += s->low + s->gap;
        out->limit = 1;
        out->alone = true;
        break;
    case STEP_CONFIRM:
        out->limit = s->low + 1;
        break;
    case STEP_BEFORE:
        out->limit = s->low;
        out->looks = false;
        break;
    case STEP_BEHIND:
        out->offset += s->low + s->gap;
        out->limit = s->behind;
        out->looks = false;
        out->goes_on = true;
        break;
    case STEP_AGAIN:
        out->offset += s->low + s->at;
        out->limit = 1;
        out->alone = true;
        break;
    case STEP_STILL:
        out->limit = s->low > 0 ? s->low : 1;
        out->offset += s->low > 0 ? 0 : s->gap;
        break;
    }
}

void step_restart(struct step *s)
{
    s->answer = (struct step_facts){0};
}

void step_record(struct step *s, uint64_t id)
{
    struct step_facts *a = &s->answer;
    if (a->n++ == 0)
        a->first = id;
    a->last = id;
    a->sum = (a->sum ^ id) * UINT64_C(0x100000001b3) + (a->sum >> 29);
}

static bool stands_before(const struct step *s)
{
    if (s->low == 0)
        return !s->has_before;
    return s->has_before && s->before.n > 0 && s->before.last == s->before_id;
}

static bool stands_after(const struct step *s)
{
    return s->after.n > 0 ? s->has_after && s->after.first == s->after_id : !s->has_after;
}

static enum step_result answered_search(struct step *s)
{
    s->low = middle(s);
    s->stride *= 2;
    s->found = s->answer.sum;
    s->searched = s->answer.n == s->low;
    if (s->seeks && s->has_before && s->answer.last == s->before_id) {
        s->high = s->low + 1; /* what was known stands further on now */
        s->known = s->sure = true;
        return alone(s);
    }
    return search(s);
}

/* The place did not fail when requested alone: it may fail together with those before it. */
static enum step_result answered_alone(struct step *s)
{
    s->passed += s->tries > 0;
    if (s->gap > 0) {
        s->moved = true;
        s->within = 1;
        return less_behind(s);
    }
    s->mended = s->sure;
    if (s->low == 0 || s->sure)
        return plain(s, s->limit);
    s->state = STEP_CONFIRM;
    s->tries = 0;
    return STEP_ON;
}

static enum step_result answered_before(struct step *s)
{
    s->before = s->answer;
    s->moved |= s->searched && s->found != s->answer.sum;
    s->searched = s->earlier = false;
    if (!s->known || stands_before(s) || s->low == 0)
        return behind(s);
    /* It ends before the neighbour that was known. The list may be shorter, or the API not give pages of so many places any
     * more: then what is between is on none of the parts. */
    if (s->guess || (s->answer.n > 0 && s->answer.n < s->low))
        return plain(s, s->limit);
    s->gap = 0;
    s->stride = 1;
    s->known = s->sure = s->hint = false;
    s->seeks = true;
    return search(s);
}

static enum step_result answered_behind(struct step *s)
{
    s->after = s->answer;
    if (s->fine && s->beyond > s->behind + 1 && s->after.n == s->behind) {
        s->within = s->behind;
        return less_behind(s);
    }
    bool stands = s->known && stands_before(s) && stands_after(s);
    if (stands || (s->forced && !s->known))
        return taken(s);
    s->known = false;
    s->at = s->tries = 0;
    s->state = s->gap > 0 ? STEP_AGAIN : STEP_STILL;
    return STEP_ON;
}

static enum step_result answered_still(struct step *s)
{
    const struct step_facts *a = &s->answer;
    bool same = s->low > 0 ? a->n == s->before.n && a->sum == s->before.sum
                           : (a->n > 0) == (s->after.n > 0) && a->first == s->after.first;
    return same || s->forced ? taken(s) : next_round(s, before(s));
}

/* The hint was wrong: the record at this place can be had. */
static enum step_result not_here(struct step *s)
{
    s->known = s->sure = s->hint = false;
    s->gap = 0;
    s->low++;
    return s->low < s->high ? search(s) : plain(s, s->limit);
}

enum step_result step_answered(struct step *s)
{
    switch (s->state) {
    case STEP_NONE:
        break;
    case STEP_SEARCH:
        return answered_search(s);
    case STEP_ALONE:
        return answered_alone(s);
    case STEP_CONFIRM:
        s->passed += s->failed;
        return plain(s, s->limit);
    case STEP_BEFORE:
        return answered_before(s);
    case STEP_BEHIND:
        return answered_behind(s);
    case STEP_AGAIN:
        return s->hint && s->known ? not_here(s) : next_round(s, plain(s, s->limit));
    case STEP_STILL:
        return answered_still(s);
    }
    return STEP_ON;
}

/* Returns how many more tries are needed if failures pass by themselves, since a failure then proves less. */
static unsigned more(const struct step *s)
{
    return s->passed < STEP_ALONE_MORE ? s->passed : STEP_ALONE_MORE;
}

static unsigned alone_tries(const struct step *s)
{
    if (s->sure)
        return 1;
    bool doubt = s->passed > 0 || s->unlike;
    unsigned tries = s->expected && !doubt ? STEP_TRIES + 1 : STEP_ALONE_TRIES;
    return (s->forced || doubt ? tries : tries - STEP_TRIES) + more(s);
}

unsigned step_failures_left(const struct step *s)
{
    if (s->earlier || s->known)
        return UINT_MAX;
    if (s->state == STEP_BEFORE)
        return 0;
    if (s->state == STEP_ALONE && s->low > 0)
        return alone_tries(s) > s->tries ? alone_tries(s) - s->tries : 0;
    return UINT_MAX;
}

/* Whether as many places in a row have failed as are stepped over at most, known ones not counted. Where no record was ever seen
 * beside the known ones they count, too: a list that ignores the offset shows the same record at each place, and has no end. */
static bool too_wide(struct step *s)
{
    unsigned known = s->has_before || s->has_after ? s->count : 0;
    if (s->gap < known + STEP_GAP_MAX)
        return false;
    s->state = STEP_NONE;
    s->wide = true;
    return true;
}

static enum step_result failed_alone(struct step *s)
{
    if (++s->tries < alone_tries(s))
        return STEP_SAME;
    if (too_wide(s))
        return STEP_LOST;
    if (s->gap > 0)
        s->known = false;
    s->beyond = s->within = 0;
    s->gap = s->known && s->sure && s->gap == 0 ? s->count : s->gap + 1;
    s->sure = s->eyed = false;
    return before(s);
}

static enum step_result failed_search(struct step *s)
{
    bool single = s->low == 0 && middle(s) == 1;
    s->high = middle(s);
    enum step_result result = search(s);
    if (!single || s->passed > 0)
        return result;
    result = failed_alone(s); /* that was the first try of it alone */
    return result == STEP_SAME ? STEP_ON : result;
}

/* The place before the cause cannot be had either, and nothing stands before that on the page. */
static enum step_result failed_earlier(struct step *s)
{
    if (++s->tries < alone_tries(s))
        return STEP_SAME;
    if (too_wide(s))
        return STEP_LOST;
    s->gap++;
    s->low = s->offset > 0 ? 1 : 0;
    s->offset -= s->low;
    return before(s);
}

/* BEFORE failed: the list has moved up, so that the cause is among the places before. */
static enum step_result failed_before(struct step *s)
{
    if (s->earlier && s->low == 1 && !s->known)
        return failed_earlier(s);
    if (!s->known && ++s->tries < STEP_TRIES)
        return STEP_SAME;
    s->high = s->low;
    s->gap = 0;
    s->searched = false;
    s->down = s->down == 0 ? 1 : 2 * s->down;
    if (s->known && s->low > s->down && (!s->hint || s->down == 1)) {
        s->low -= s->down;
        s->gap = s->count;
        return before(s);
    }
    s->low = 0;
    s->hint = false;
    return next_round(s, search(s));
}

static enum step_result failed_behind(struct step *s)
{
    s->beyond = s->behind;
    if (s->within >= s->beyond) /* the list has moved: what was answered is not there any more */
        s->within = 0;
    if (s->behind > 1 && s->eyed)
        return less_behind(s);
    s->sure = false;
    s->eyed = true;
    (void)alone(s);
    s->tries = s->behind == 1 ? 1 : 0;
    return STEP_ON;
}

/* Where it failed twice before what is behind it came, once more shows that it is still there. */
static unsigned again_tries(const struct step *s)
{
    if (s->moved)
        return STEP_ALONE_TRIES;
    return s->hint && !s->known && s->gap == 1 ? 1 : STEP_TRIES;
}

enum step_result step_failed(struct step *s)
{
    s->failed = true;
    switch (s->state) {
    case STEP_NONE:
        break;
    case STEP_SEARCH:
        return failed_search(s);
    case STEP_ALONE:
        return failed_alone(s);
    case STEP_CONFIRM:
        if (++s->tries < (s->low < SIZE_SMALL ? STEP_ALONE_TRIES : STEP_TRIES) + more(s))
            return STEP_SAME;
        if (s->low > 1)
            return plain(s, s->low);
        s->gap = 0; /* pages of one record: two of them are one */
        s->behind = 1;
        return before(s);
    case STEP_BEFORE:
        return failed_before(s);
    case STEP_BEHIND:
        return failed_behind(s);
    case STEP_AGAIN:
        if (!s->shown && (!s->known || s->hint) && ++s->tries < again_tries(s))
            return STEP_SAME;
        s->tries = 0;
        if (s->known && s->young && ++s->at < s->gap)
            s->state = STEP_AGAIN;
        else if (s->known)
            s->state = STEP_BEHIND;
        else
            s->state = ++s->at < s->gap ? STEP_AGAIN : STEP_STILL;
        return STEP_ON;
    case STEP_STILL:
        if (++s->tries < STEP_TRIES)
            return STEP_SAME;
        return next_round(s, before(s));
    }
    return STEP_ON;
}
