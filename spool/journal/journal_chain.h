/*
 * Which page stands at a place, by its chain (journal_codec.h). A reader that remembers a place with the page's chain finds out
 * whether the spool still has the history that the reader knows.
 *
 *     journal_chain_at(dir, &list, place, &chain, &what, e);
 *
 * Reads one segment's journal at most, and parses only the place's line.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_CHAIN_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_CHAIN_H

#include "spool/journal/journal.h"

enum chain_what {
    CHAIN_THERE,   /* chain is filled in */
    CHAIN_PRUNED,  /* the spool begins behind that place */
    CHAIN_UNKNOWN, /* the page's line is damaged or missing, and there are pages behind it */
    CHAIN_NONE     /* there is no page at that place, nor behind it */
};
enum err_code journal_chain_at(const char *dir, const struct segment_list *list,
                               struct page_place place, uint64_t *chain, enum chain_what *what,
                               struct err *e) MUST_CHECK;

/* Does the spool hold the page of that chain (0: any page) at that place? *same is true also where that cannot be found out. */
enum err_code journal_chain_holds(const char *dir, const struct segment_list *list,
                                  struct page_place place, uint64_t chain, bool *same,
                                  struct err *e) MUST_CHECK;

/* Reads the chains of a segment's pages: (*chains)[page] for page 1 to *pages; 0 where a line is missing. The caller frees
 * *chains. Without a journal *pages is 0. */
enum err_code journal_chains(const char *dir, uint64_t segment, uint64_t **chains, uint64_t *pages,
                             struct err *e) MUST_CHECK;

#endif
