/*
 * Which page stands at a place, as its chain tells (journal_codec.h): so that who remembers a place with its chain finds out whether
 * the spool still has the history that it knows.
 *
 *     journal_chain_at(dir, &list, place, &chain, &what, e);
 *
 * Reads one segment's journal at most. It looks for the place's line without taking the others apart.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_CHAIN_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_CHAIN_H

#include "spool/journal/journal.h"

enum chain_what {
    CHAIN_THERE,   /* chain is filled in */
    CHAIN_PRUNED,  /* the spool begins behind that place */
    CHAIN_UNKNOWN, /* what told of the page is damaged or missing, what comes behind it is there */
    CHAIN_NONE     /* there is no page at that place, nor behind it */
};
enum err_code journal_chain_at(const char *dir, const struct segment_list *list,
                               struct page_place place, uint64_t *chain, enum chain_what *what,
                               struct err *e) MUST_CHECK;

/* Does the spool hold, at that place, the page of that chain (0: any)? What cannot be looked at does not speak against it. */
enum err_code journal_chain_holds(const char *dir, const struct segment_list *list,
                                  struct page_place place, uint64_t chain, bool *same,
                                  struct err *e) MUST_CHECK;

/* The chains of a segment's pages: chains[page], up to and with `pages`; 0 where there is no such line. The caller's (free). No
 * journal: pages is 0. */
enum err_code journal_chains(const char *dir, uint64_t segment, uint64_t **chains, uint64_t *pages,
                             struct err *e) MUST_CHECK;

#endif
