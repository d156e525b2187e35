/*
 * --follow over several accounts: which of them may have something to load.
 *
 *     account_news_open(&n, options, e);
 *     if (account_news_is_due(n, i, false)) ...          // the i-th account's turn comes, and begins right after this
 *     account_news_ended(n, i, code);             // after it
 *     account_news_close(n);
 *
 * An account's turn is due once at first, when its spool's tables have other pages than before its last turn (by time and size of
 * acked.json, else of the journals), NEWS_RETRY after a turn that failed, and NEWS_ANYWAY after any other, for what no page tells.
 * It is not due, asked for or not, before the account has a spool; that it is waited for is logged once.
 */
#ifndef NETTY_LOAD_CLI_ACCOUNT_NEWS_H
#define NETTY_LOAD_CLI_ACCOUNT_NEWS_H

#include "shared/options/options.h"

#define NEWS_RETRY  (INT64_C(60) * 1000000)
#define NEWS_ANYWAY (INT64_C(600) * 1000000)

struct account_news;
/* The options are borrowed. */
enum err_code account_news_open(struct account_news **n, const struct options *o,
                                struct err *e) MUST_CHECK;
/* asked: somebody asks for a turn, whether there is news or not. */
bool account_news_is_due(struct account_news *n, size_t i, bool asked);
/* Is the account's turn due whatever its pages are? Changes nothing. */
bool account_news_is_expected(const struct account_news *n, size_t i);
void account_news_ended(struct account_news *n, size_t i, int code);
void account_news_close(struct account_news *n); /* NULL is fine */

#endif
