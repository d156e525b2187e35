/*
 * The name of a table's key, while its pages are read. Until a record has shown it, it is a guess: the database's own
 * key column, where the loader has told it (catalog.json), is what the records must have; else what earlier runs
 * have seen, which is kept in the position; else what the records tell (shared/json/record_key.h).
 *
 *     page_key_open(&k, "contacts", given, learned, e);   // either may be NULL or ""
 *       page_key_begin(k);                                // each answer
 *       page_key_record(k, record, e); ...
 *       switch (page_key_judge(k, alone, e)) ...          // the answer has ended, and is whole
 *
 * A page that has no key at all does not change a name that was learned, unless all of it has another one.
 */
#ifndef NETTY_EXTRACT_PAGE_PAGE_KEY_H
#define NETTY_EXTRACT_PAGE_PAGE_KEY_H

#include "extract/parser/page_parser.h"
#include <stdbool.h>

struct page_key;
enum page_key_verdict {
    PAGE_KEY_GOOD,
    PAGE_KEY_OTHER, /* the key has another name than the one that was looked for: read the page again */
    PAGE_KEY_NONE /* ERR_CONFIG: the records have no such key */
};

enum err_code page_key_open(struct page_key **k, const char *table, const char *given,
                            const char *learned, struct err *e) MUST_CHECK;
void page_key_close(struct page_key *k);

const char *page_key_name(const struct page_key *k); /* changes with PAGE_KEY_OTHER only */
/* What is to be learned: the name once records have shown it, NULL before. */
const char *page_key_learned(const struct page_key *k);

void page_key_begin(struct page_key *k);
enum err_code page_key_record(struct page_key *k, const struct page_parser_record *r,
                              struct err *e) MUST_CHECK;
/* alone: one record was asked for. That it has no key tells of that record only: it may be a bad one. */
enum page_key_verdict page_key_judge(struct page_key *k, bool alone, struct err *e);

#endif
