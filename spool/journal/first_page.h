/*
 * Finds the first page of a table behind a place: the page that a loader which has come to that place loads next.
 *
 *     rc = first_page_behind(dir, table, place, &page, e);      // page.chain is 0: there is none
 *
 * Damaged lines are passed over. Errors are those of journal_scan.h.
 */
#ifndef NETTY_SPOOL_JOURNAL_FIRST_PAGE_H
#define NETTY_SPOOL_JOURNAL_FIRST_PAGE_H

#include "shared/base/err.h"
#include "spool/format/page.h"

/* `dir` is the table's folder. Where there is no such page, *page has the chain 0 and no time. */
enum err_code first_page_behind(const char *dir, const char *table, struct page_place after,
                                struct page_info *page, struct err *e) MUST_CHECK;

#endif
