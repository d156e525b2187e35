/*
 * Finds the name of the member that is a table's key, while its pages are read. The name is the database's key column, if the
 * loader has told it (catalog.json): the records must have it. Else it is the name that earlier runs have seen (kept in the
 * position), else the one that the records themselves show (shared/json/record_key.h).
 *
 *     page_key_open(&k, "contacts", given, learned, e);   // given: by the database; learned: by earlier runs; NULL or "": unknown
 *       page_key_begin(k);                                // at the beginning of each answer
 *       page_key_record(k, record, e); ...
 *       switch (page_key_judge(k, alone, e)) ...          // once the answer has ended, and is a whole page
 *
 * A learned name does not change. A page none of whose records has it passes, since they may all be bad records, unless two or
 * more of them agree on another key: then the result is PAGE_KEY_NONE.
 */
#ifndef NETTY_EXTRACT_PAGE_PAGE_KEY_H
#define NETTY_EXTRACT_PAGE_PAGE_KEY_H

#include "extract/parser/page_parser.h"
#include <stdbool.h>

struct page_key;
enum page_key_verdict {
    PAGE_KEY_GOOD,
    PAGE_KEY_OTHER, /* the key has another name than page_key_name said so far: read the page again */
    PAGE_KEY_NONE   /* ERR_CONFIG: the records have no such key */
};

enum err_code page_key_open(struct page_key **k, const char *table, const char *given,
                            const char *learned, struct err *e) MUST_CHECK;
void page_key_close(struct page_key *k);

const char *page_key_name(const struct page_key *k); /* changes with PAGE_KEY_OTHER only */
/* Returns the name once records have shown it, to be stored in the position; NULL before. */
const char *page_key_learned(const struct page_key *k);

void page_key_begin(struct page_key *k);
enum err_code page_key_record(struct page_key *k, const struct page_parser_record *r,
                              struct err *e) MUST_CHECK;
/* alone: one record was asked for. If that has no key, nothing follows for the table: it may be a bad record. */
enum page_key_verdict page_key_judge(struct page_key *k, bool alone, struct err *e);

#endif
