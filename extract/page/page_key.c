#include "extract/page/page_key.h"
#include "shared/base/table_names.h"
#include "shared/json/record_key.h"
#include <stdlib.h>
#include <string.h>

struct page_key {
    const char *table; /* the caller's */
    char name[RECORD_KEY_NAME + 1];
    bool given;                 /* the database has it: no other will do */
    bool learned;               /* records have shown it, of this run or an earlier one */
    bool certain;               /* ... so that the next run need not look again */
    uint64_t records, keyed;    /* of the answer at hand */
    struct record_key *members; /* of its records, where they are looked at */
};

static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) <= RECORD_KEY_NAME;
}

enum err_code page_key_open(struct page_key **out, const char *table, const char *given,
                            const char *learned, struct err *e)
{
    char usual[NAMES_TABLE_MAX + 8];
    *out = NULL;
    struct page_key *k = calloc(1, sizeof *k);
    if (k == NULL)
        return err_set(e, ERR_NOMEM, "out of memory for the key's name");
    names_key(table, usual);
    k->table = table;
    k->given = is_name(given);
    k->learned = is_name(learned) && (!k->given || strcmp(given, learned) == 0);
    k->certain = k->learned;
    const char *name = k->given ? given : k->learned ? learned : usual;
    memcpy(k->name, name, strlen(name) + 1);
    enum err_code rc = record_key_open(&k->members, table, e);
    if (rc != OK)
        page_key_close(k);
    else
        *out = k;
    return rc;
}

void page_key_close(struct page_key *k)
{
    if (k == NULL)
        return;
    record_key_close(k->members);
    free(k);
}

const char *page_key_name(const struct page_key *k)
{
    return k->name;
}

const char *page_key_learned(const struct page_key *k)
{
    return k->certain ? k->name : NULL;
}

void page_key_begin(struct page_key *k)
{
    k->records = k->keyed = 0;
    record_key_reset(k->members);
}

/* If the key's name is known, a record's other members are looked at only until some record of the answer has that key. */
enum err_code page_key_record(struct page_key *k, const struct page_parser_record *r, struct err *e)
{
    int64_t value = 0;
    k->records++;
    if (k->learned && k->keyed > 0)
        return OK;
    k->keyed += r->key != NULL && record_key_is_whole(r->key, r->key_len, &value);
    if (k->learned && k->keyed > 0)
        return OK;
    return record_key_add(k->members, r->line, r->len, e);
}

static enum page_key_verdict none(const struct page_key *k, const char *other, struct err *e)
{
    char text[RECORD_KEY_TEXT];
    const char *members = record_key_members(k->members, text);
    unsigned long long n = k->records;
    if (k->given)
        (void)err_set(
            e, ERR_CONFIG,
            "the key column of netty-%s is %s, which as an integer none of the %llu records has; "
            "they have %s: rename the column to the one that is their key, and run netty-load "
            "catalog",
            k->table, k->name, n, members);
    else if (k->learned)
        (void)err_set(e, ERR_CONFIG,
                      "the records of %s had the key %s, and none of these %llu has it; it seems "
                      "to be %s now (they have %s): name the database's column so and run "
                      "netty-load catalog, or begin anew with --full",
                      k->table, k->name, n, other, members);
    else
        (void)err_set(e, ERR_CONFIG,
                      "no member of the records of %s is their key, an integer that all of the "
                      "%llu have and no two alike; they have %s: name it by the key column of "
                      "netty-%s, and run netty-load catalog",
                      k->table, n, members, k->table);
    return PAGE_KEY_NONE;
}

/* For an answer of which no record has the key. */
static enum page_key_verdict judge_keyless(struct page_key *k, struct err *e)
{
    const char *other = record_key_name(k->members);
    if (k->given && !k->learned)
        return none(k, NULL, e);
    if (k->learned && (other == NULL || k->records < 2))
        return PAGE_KEY_GOOD; /* records that are broken, each of them for itself */
    return other == NULL || k->learned ? none(k, other, e) : PAGE_KEY_OTHER;
}

enum page_key_verdict page_key_judge(struct page_key *k, bool alone, struct err *e)
{
    if (k->records == 0 || (alone && k->keyed == 0))
        return PAGE_KEY_GOOD;
    const char *other = record_key_name(k->members);
    enum page_key_verdict verdict = PAGE_KEY_GOOD;
    if (k->keyed == 0)
        verdict = judge_keyless(k, e);
    else if (!k->learned && !k->given && other != NULL && strcmp(other, k->name) != 0)
        verdict = PAGE_KEY_OTHER;
    if (verdict == PAGE_KEY_OTHER)
        memcpy(k->name, other, strlen(other) + 1);
    if (verdict != PAGE_KEY_GOOD || k->keyed == 0)
        return verdict;
    k->certain |= k->given || record_key_certain(k->members);
    k->learned |= k->certain;
    return verdict;
}
