#include "extract/ahead/ahead_answers.h"
#include "shared/time/when.h"
#include <stdlib.h>
#include <string.h>

void ahead_answers_init(struct ahead_answers *all, struct http *http, struct ahead_memory *memory,
                        ahead_done_fn *done, void *ctx)
{
    *all = (struct ahead_answers){.http = http, .memory = memory, .done = done, .ctx = ctx};
}

void ahead_answers_note(struct ahead_answers *all, size_t bytes)
{
    if (bytes > all->largest)
        all->largest = bytes;
}

/* A page may be a little larger than the largest one so far. */
static size_t expected(const struct ahead_answers *all)
{
    return all->largest + all->largest / 8;
}

bool ahead_answers_room(const struct ahead_answers *all)
{
    return all->largest > 0 && all->memory->used < AHEAD_MEMORY &&
           expected(all) <= AHEAD_MEMORY - all->memory->used;
}

static bool reserve(struct ahead_answer *a, size_t bytes)
{
    struct ahead_memory *memory = a->all->memory;
    if (bytes <= a->reserved)
        return true;
    size_t more = bytes - a->reserved;
    if (more > AHEAD_MEMORY || memory->used > AHEAD_MEMORY - more)
        return false;
    memory->used += more;
    a->reserved = bytes;
    return true;
}

static enum err_code on_body(void *ctx, const char *bytes, size_t n, struct err *e)
{
    struct ahead_answer *a = ctx;
    if (!reserve(a, a->body.len + n))
        return err_set(e, ERR_TOO_BIG, "no memory is left for pages that are asked for ahead");
    return buf_err(e, buf_add(&a->body, bytes, n), &a->body, "a page");
}

static void on_done(void *ctx, const struct http_result *result)
{
    struct ahead_answer *a = ctx;
    a->request = NULL;
    a->result = *result;
    a->at = when_now();
    a->came = result->err.code == OK && result->status == 200;
    a->failed = !a->came;
    ahead_answers_note(a->all, a->body.len);
    if (a->failed)
        buf_free(&a->body);
    a->all->done(a->all->ctx, a);
}

static const struct http_handler handler = {.body = on_body, .done = on_done};

enum err_code ahead_answers_ask(struct ahead_answers *all, const struct crawl_request *request,
                                const char *url, struct err *e)
{
    struct ahead_answer *a = calloc(1, sizeof *a);
    if (a == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a page");
    a->all = all;
    a->asked = *request;
    buf_init(&a->body, AHEAD_MEMORY);
    a->next = all->first;
    all->first = a;
    all->count++;
    enum err_code rc = OK;
    if (!reserve(a, expected(all)))
        rc = err_set(e, ERR_TOO_BIG, "no memory is left for pages that are asked for ahead");
    if (rc == OK)
        rc = buf_err(e, buf_reserve(&a->body, expected(all)), &a->body, "a page");
    if (rc == OK)
        rc = http_get(all->http, &a->request, url, &handler, a, e);
    if (rc != OK)
        ahead_answers_drop(all, a);
    return rc;
}

bool ahead_same_request(const struct crawl_request *a, const struct crawl_request *b)
{
    return a->sort == b->sort && a->offset == b->offset && a->limit == b->limit &&
           strcmp(a->after, b->after) == 0 && strcmp(a->equal, b->equal) == 0 &&
           a->goes_on == b->goes_on && a->looks == b->looks && a->alone == b->alone &&
           a->apart == b->apart && a->gap == b->gap;
}

struct ahead_answer *ahead_answers_find(const struct ahead_answers *all,
                                        const struct crawl_request *request)
{
    struct ahead_answer *a = all->first;
    while (a != NULL && !ahead_same_request(&a->asked, request))
        a = a->next;
    return a;
}

void ahead_answers_drop(struct ahead_answers *all, struct ahead_answer *a)
{
    struct ahead_answer **link = &all->first;
    while (*link != a)
        link = &(*link)->next;
    *link = a->next;
    all->count--;
    all->memory->used -= a->reserved;
    if (a->request != NULL)
        http_cancel(a->request);
    buf_free(&a->body);
    free(a);
}

void ahead_answers_drop_all(struct ahead_answers *all)
{
    while (all->first != NULL)
        ahead_answers_drop(all, all->first);
}
