#include "shared/json/record_key.h"
#include "shared/base/table_names.h"
#include "shared/json/json_record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED     3  /* members whose names tell that they are the key */
#define CERTAIN   2  /* records that must have the only integer in common */
#define SHOWN_MAX 12 /* names for a person */
#define DIGITS    18

struct candidate {
    char name[RECORD_KEY_NAME];
    size_t numbers; /* records where it is a number, */
    size_t texts;   /* or a string of digits */
    bool alike;     /* two of one page have the same */
    size_t page;    /* how many there were before the page */
    int64_t values[RECORD_KEY_RECORDS];
};

struct record_key {
    char named[NAMED][NAMES_TABLE_MAX + 8];
    struct json_splitter *splitter;
    size_t records;
    size_t members; /* names in all */
    size_t count;
    struct candidate
        *candidates; /* RECORD_KEY_MEMBERS; also those that are no integers, for their names */
};

enum err_code record_key_open(struct record_key **out, const char *table, struct err *e)
{
    *out = NULL;
    struct record_key *k = calloc(1, sizeof *k);
    if (k == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the key's name");
    names_key(table, k->named[0]);
    size_t singular = strlen(k->named[0]) - 3;
    memcpy(k->named[1], "id", 3);
    memcpy(k->named[2], k->named[0], singular);
    memcpy(k->named[2] + singular, "_ref", 5);
    k->candidates = calloc(RECORD_KEY_MEMBERS, sizeof *k->candidates);
    enum err_code rc = k->candidates == NULL
                           ? err_set(e, ERR_NOMEM, "out of memory for the key's name")
                           : json_splitter_open(&k->splitter, e);
    if (rc != OK)
        record_key_close(k);
    else
        *out = k;
    return rc;
}

void record_key_close(struct record_key *k)
{
    if (k == NULL)
        return;
    json_splitter_close(k->splitter);
    free(k->candidates);
    free(k);
}

void record_key_reset(struct record_key *k)
{
    for (size_t i = 0; i < k->count; i++)
        k->candidates[i] = (struct candidate){.numbers = 0};
    k->records = k->members = k->count = 0;
}

bool record_key_is_whole(const char *s, size_t n, int64_t *value)
{
    size_t i = n > 0 && s[0] == '-' ? 1 : 0;
    int64_t v = 0;
    if (n == i || n > i + DIGITS)
        return false;
    for (size_t at = i; at < n; at++) {
        if (s[at] < '0' || s[at] > '9')
            return false;
        v = v * 10 + (s[at] - '0');
    }
    *value = i > 0 ? -v : v;
    return true;
}

/* Letters, digits, _ and -: what a request can sort by. */
static bool is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = (char)(s[i] | 0x20);
        if (!(c >= 'a' && c <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '_' && s[i] != '-')
            return false;
    }
    return n > 0 && n < RECORD_KEY_NAME;
}

static struct candidate *find(struct record_key *k, const struct member *m)
{
    for (size_t i = 0; i < k->count; i++) {
        struct candidate *c = &k->candidates[i];
        if (strlen(c->name) == m->name_len && memcmp(c->name, m->name, m->name_len) == 0)
            return c;
    }
    k->members++;
    if (!is_plain(m->name, m->name_len) || k->count == RECORD_KEY_MEMBERS)
        return NULL;
    struct candidate *c = &k->candidates[k->count++];
    memcpy(c->name, m->name, m->name_len);
    c->name[m->name_len] = '\0';
    return c;
}

static void note(struct record_key *k, const struct member *m)
{
    struct candidate *c = find(k, m);
    bool text = m->kind == JSON_STRING && m->value_len >= 2;
    int64_t value = 0;
    if (c == NULL || !(text || m->kind == JSON_NUMBER) ||
        !record_key_is_whole(m->value + text, m->value_len - 2 * (size_t)text, &value))
        return;
    size_t n = c->numbers + c->texts;
    for (size_t i = c->page; i < n; i++)
        c->alike |= c->values[i] == value;
    c->values[n] = value;
    c->numbers += !text;
    c->texts += text;
}

enum err_code record_key_add(struct record_key *k, const char *text, size_t n, struct err *e)
{
    struct record r;
    struct err why = ERR_INIT;
    if (k->records == RECORD_KEY_RECORDS)
        return OK;
    enum err_code rc = json_splitter_run(k->splitter, text, n, &r, &why);
    if (rc == ERR_NOMEM)
        *e = why;
    if (rc != OK)
        return rc == ERR_NOMEM ? rc : OK;
    k->records++;
    /* Of a member that stands twice the last one counts. */
    for (size_t i = 0; i < r.count; i++) {
        const struct member *m = &r.members[i];
        bool again = false;
        for (size_t j = i + 1; j < r.count && !again; j++)
            again = r.members[j].name_len == m->name_len &&
                    memcmp(r.members[j].name, m->name, m->name_len) == 0;
        if (!again)
            note(k, m);
    }
    return OK;
}

void record_key_next_page(struct record_key *k)
{
    for (size_t i = 0; i < k->count; i++)
        k->candidates[i].page = k->candidates[i].numbers + k->candidates[i].texts;
}

size_t record_key_records(const struct record_key *k)
{
    return k->records;
}

static const struct candidate *named(const struct record_key *k, size_t which, size_t least)
{
    for (size_t i = 0; i < k->count; i++) {
        const struct candidate *c = &k->candidates[i];
        if (strcmp(c->name, k->named[which]) == 0 && !c->alike && c->numbers + c->texts >= least)
            return c;
    }
    return NULL;
}

/* Returns the only member that is a candidate: a number (or, with texts, a string of digits) in all records, no two of them
 * alike. NULL where there is none, or more than one. */
static const struct candidate *only(const struct record_key *k, bool texts)
{
    const struct candidate *found = NULL;
    for (size_t i = 0; i < k->count; i++) {
        const struct candidate *c = &k->candidates[i];
        if ((texts ? c->texts : c->numbers) != k->records || c->alike)
            continue;
        if (found != NULL)
            return NULL;
        found = c;
    }
    return found;
}

static const struct candidate *choose(const struct record_key *k, bool *by_name)
{
    const struct candidate *c = NULL;
    *by_name = true;
    for (size_t i = 0; i < NAMED && c == NULL && k->records > 0; i++)
        c = named(k, i, k->records);
    for (size_t i = 0; i < NAMED && c == NULL && k->records > 0; i++)
        c = named(k, i, k->records / 2 + 1);
    if (c != NULL || k->records == 0)
        return c;
    *by_name = false;
    c = only(k, false);
    return c != NULL ? c : only(k, true);
}

const char *record_key_name(const struct record_key *k)
{
    bool by_name;
    const struct candidate *c = choose(k, &by_name);
    return c != NULL ? c->name : NULL;
}

bool record_key_has(const struct record_key *k, const char *name)
{
    bool found = false;
    for (size_t i = 0; i < k->count && !found; i++)
        found = strcmp(k->candidates[i].name, name) == 0 &&
                k->candidates[i].numbers + k->candidates[i].texts > 0;
    return found;
}

bool record_key_certain(const struct record_key *k)
{
    bool by_name;
    return choose(k, &by_name) != NULL && (by_name || k->records >= CERTAIN);
}

const char *record_key_members(const struct record_key *k, char out[RECORD_KEY_TEXT])
{
    size_t shown = 0;
    size_t n = 0;
    out[0] = '\0';
    for (; shown < k->count && shown < SHOWN_MAX && n < RECORD_KEY_TEXT / 2; shown++) {
        int more = snprintf(out + n, RECORD_KEY_TEXT - n, "%s%s", shown > 0 ? ", " : "",
                            k->candidates[shown].name);
        n += more > 0 ? (size_t)more : 0;
    }
    if (k->members > shown)
        (void)snprintf(out + n, RECORD_KEY_TEXT - n, " and %zu others", k->members - shown);
    if (k->members == 0)
        memcpy(out, "no members", sizeof "no members");
    return out;
}
