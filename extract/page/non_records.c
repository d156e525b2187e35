#include "extract/page/non_records.h"
#include "shared/base/buf.h"
#include "shared/json/json_hint.h"
#include "shared/time/when.h"
#include "spool/dead_letters/dead_letter_overtaken.h"
#include "spool/dead_letters/dead_letter_versions.h"
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
    bool stepped;
};

struct non_records {
    struct non_records_conf conf;
    struct buf text;
    struct element elements[ODD_MAX];
    size_t count;
    bool looked;                      /* at the dead letters */
    struct dead_versions *versions;   /* which are known */
    struct dead_overtaken *overtaken; /* which may go */
    uint64_t added;                   /* to the dead letters */
    struct dead_reasons reasons;      /* likewise */
};

enum err_code non_records_open(struct non_records **o, const struct non_records_conf *conf,
                               struct err *e)
{
    struct non_records *made = calloc(1, sizeof *made);
    *o = NULL;
    if (made == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for a page");
    made->conf = *conf;
    buf_init(&made->text, conf->max + TEXT_MORE);
    enum err_code rc =
        dead_versions_open(&made->versions, conf->spool, conf->table, DEAD_EXTRACT, e);
    if (rc == OK)
        rc = dead_overtaken_open(&made->overtaken, conf->spool, conf->table, DEAD_EXTRACT,
                                 conf->key, conf->zone, e);
    if (rc != OK)
        non_records_close(made);
    else
        *o = made;
    return rc;
}

void non_records_close(struct non_records *o)
{
    if (o == NULL)
        return;
    dead_versions_close(o->versions);
    dead_overtaken_close(o->overtaken);
    dead_reasons_clear(&o->reasons);
    buf_free(&o->text);
    free(o);
}

void non_records_reset(struct non_records *o)
{
    buf_reset(&o->text);
    o->count = 0;
    dead_overtaken_unmark(o->overtaken);
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
                                .number = found->number,
                                .stepped = found->stepped};
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

const struct dead_reasons *non_records_reasons(const struct non_records *o)
{
    return &o->reasons;
}

void non_records_note_record(struct non_records *o, int64_t key)
{
    dead_overtaken_note(o->overtaken, &DEAD_VERSION_NOW(key));
}

/* Makes dead letters of the elements that are new; *n is how many. */
static void choose_new(struct non_records *o, bool stepped, struct dead_letter *letters, size_t *n)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct element *element = &o->elements[i];
        const char *raw = o->text.data + element->at;
        if (stepped && !element->stepped)
            continue;
        if (!dead_versions_add(o->versions, raw, element->len))
            continue;
        letters[(*n)++] = (struct dead_letter){.at = when_now(),
                                               .reason = element->reason,
                                               .sqlstate = "",
                                               .message = o->text.data + element->message,
                                               .file = "",
                                               .line = element->number,
                                               .raw = raw,
                                               .raw_len = element->len};
    }
}

static enum err_code add_new(struct non_records *o, bool stepped, struct err *e)
{
    size_t n = 0;
    struct dead_letter *letters = calloc(o->count, sizeof *letters);
    if (letters == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for dead letters");
    choose_new(o, stepped, letters, &n);
    enum err_code rc =
        dead_add(o->conf.spool, o->conf.table, DEAD_EXTRACT, letters, n, e); /* none: nothing */
    if (rc != OK)
        dead_versions_reset(o->versions);
    for (size_t i = 0; i < n && rc == OK; i++) {
        struct json_hint hint = json_hint_read(o->conf.key, letters[i].raw, letters[i].raw_len);
        rc = dead_reasons_add(&o->reasons, &letters[i], hint.key, hint.key_len, e);
    }
    o->added += rc == OK ? n : 0;
    free(letters);
    return rc;
}

enum err_code non_records_look(struct non_records *o, struct err *e)
{
    enum err_code rc = o->looked ? OK : dead_overtaken_refresh(o->overtaken, e);
    o->looked = rc == OK;
    return rc;
}

/* Dead letters are removed before the page is kept: if it is not kept then, it is requested again. */
enum err_code non_records_store(struct non_records *o, struct err *e)
{
    uint64_t recent;
    enum err_code rc = dead_overtaken_remove(o->overtaken, &recent, e);
    if (rc != OK || o->count == 0)
        return rc;
    if ((rc = dead_versions_refresh(o->versions, e)) == OK)
        rc = add_new(o, false, e);
    o->looked = false;
    return rc;
}

/* The page is not kept, so no good record of it removes a dead letter. */
enum err_code non_records_store_stepped(struct non_records *o, struct err *e)
{
    bool any = false;
    for (size_t i = 0; i < o->count; i++)
        any |= o->elements[i].stepped;
    if (!any)
        return OK;
    enum err_code rc = dead_versions_refresh(o->versions, e);
    if (rc == OK)
        rc = add_new(o, true, e);
    o->looked = false;
    return rc;
}
