#include "tests/model/reply.h"
#include <string.h>

static enum world_sort sort_of(const struct crawl_request *request)
{
    switch (request->sort) {
    case CRAWL_BY_KEY:
        return SORT_KEY;
    case CRAWL_BY_KEY_DOWN:
        return SORT_KEY_DOWN;
    case CRAWL_BY_TIME:
        break;
    }
    return SORT_TIME;
}

/* Does the answer with it fail? */
static bool spoils(const struct world *w, unsigned record)
{
    return !world_gives(w, record) && w->conf.bad_is != BAD_WITHIN;
}

void reply_make(struct world *w, const struct crawl_request *request, struct reply *reply)
{
    struct world_answer a;
    struct world_request q = {.after = request->after,
                              .equal = request->equal,
                              .sort = sort_of(request),
                              .offset = request->offset,
                              .limit = request->limit};
    w->blank |= q.sort == SORT_TIME && world_is_blank(w, q.limit);
    world_list(w, &q, &a);
    *reply = (struct reply){.request = *request,
                            .refused = a.refused,
                            .clock = w->clock,
                            .count = a.count,
                            .n = a.n < REPLY_MAX ? a.n : REPLY_MAX};
    reply->hangs = w->conf.bad_is == BAD_HANGS;
    reply->failed = w->conf.above > 0 && request->limit > w->conf.above;
    for (size_t i = 0; i < reply->n; i++) {
        struct reply_record *r = &reply->records[i];
        const struct world_record *record = &w->records[a.records[i]];
        r->record = a.records[i];
        r->version = record->version;
        r->given = world_gives(w, a.records[i]);
        reply->failed |= spoils(w, a.records[i]);
        r->timed = record->timed && !world_garbled(w, a.records[i]);
        r->time = record->time - record->time % WHEN_SECOND;
        (void)world_show(w, a.records[i], r->text);
    }
}

struct reply *held_find(struct held *h, const struct crawl_request *request)
{
    for (unsigned i = 0; i < h->count; i++) {
        const struct crawl_request *r = &h->at[i].request;
        if (r->sort == request->sort && r->offset == request->offset &&
            r->limit == request->limit && strcmp(r->after, request->after) == 0 &&
            strcmp(r->equal, request->equal) == 0)
            return &h->at[i];
    }
    return NULL;
}

void held_drop(struct held *h, struct reply *reply)
{
    *reply = h->at[--h->count];
}
