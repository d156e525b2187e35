#include "extract/page/non_records.h"
#include "shared/base/buf.h"
#include "shared/time/when.h"
#include "spool/dead_letters/dead_letters.h"
#include <stdlib.h>
#include <string.h>

/* The largest page the API gives has 100. */
#define ODD_MAX   1000
#define TEXT_MORE ((size_t)4 << 20) /* for the messages, and for records that are no JSON */

struct element {
    const char *reason;
    size_t message; /* in text */
    size_t at;      /* likewise */
    size_t len;
    uint64_t number;
    bool known; /* lies among the dead letters already */
};

struct non_records {
    const struct spool *spool;
    const char *table;
    struct buf text;
    struct element elements[ODD_MAX];
    size_t count;
    uint64_t added; /* to the dead letters */
};

enum err_code non_records_open(struct non_records **o, const struct spool *spool, const char *table,
                               size_t max, struct err *e)
{
    *o = calloc(1, sizeof **o);
    if (*o == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a page");
    (*o)->spool = spool;
    (*o)->table = table;
    buf_init(&(*o)->text, max + TEXT_MORE);
    return OK;
}

void non_records_close(struct non_records *o)
{
    if (o == NULL)
        return;
    buf_free(&o->text);
    free(o);
}

void non_records_reset(struct non_records *o)
{
    buf_reset(&o->text);
    o->count = 0;
}

enum err_code non_records_add(struct non_records *o, const struct non_record *found, struct err *e)
{
    if (o->count == ODD_MAX)
        return err_set(e, ERR_PROTOCOL,
                       "the answer is no page: more than %d elements of it are"
                       " no objects",
                       ODD_MAX);
    struct element *element = &o->elements[o->count];
    *element = (struct element){.reason = found->reason,
                                .message = o->text.len,
                                .len = found->len,
                                .number = found->number};
    enum err_code rc = buf_add(&o->text, found->message, strlen(found->message) + 1);
    element->at = o->text.len;
    if (rc == OK)
        rc = buf_add(&o->text, found->raw, found->len);
    if (rc != OK)
        return buf_err(e, rc, &o->text, "what is no record on a page");
    o->count++;
    return OK;
}

uint64_t non_records_new(const struct non_records *o)
{
    return o->added;
}

static enum err_code compare_known(void *ctx, const struct dead_letter *letter, struct err *e)
{
    struct non_records *o = ctx;
    (void)e;
    for (size_t i = 0; i < o->count; i++) {
        struct element *element = &o->elements[i];
        if (element->len == letter->raw_len &&
            memcmp(o->text.data + element->at, letter->raw, element->len) == 0)
            element->known = true;
    }
    return OK;
}

enum err_code non_records_store(struct non_records *o, struct err *e)
{
    if (o->count == 0)
        return OK;
    enum err_code rc = dead_each(o->spool, o->table, DEAD_EXTRACT, compare_known, o, e);
    struct dead_letter *letters = calloc(o->count, sizeof *letters);
    size_t n = 0;
    if (rc == OK && letters == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory for dead letters");
    for (size_t i = 0; rc == OK && i < o->count; i++) {
        const struct element *element = &o->elements[i];
        if (!element->known)
            letters[n++] = (struct dead_letter){.at = when_now(),
                                                .reason = element->reason,
                                                .sqlstate = "",
                                                .message = o->text.data + element->message,
                                                .file = "",
                                                .line = element->number,
                                                .raw = o->text.data + element->at,
                                                .raw_len = element->len};
    }
    if (rc == OK && n > 0)
        rc = dead_add(o->spool, o->table, DEAD_EXTRACT, letters, n, e);
    o->added += rc == OK ? n : 0;
    free(letters);
    return rc;
}
