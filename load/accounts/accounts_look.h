/*
 * Which of a process's accounts are looked at together (shared_look.h), and what was seen of each.
 *
 *     accounts_look_open(&l, &conf, e);
 *     accounts_look_begin(l, loop);
 *     if (accounts_look_is_ready(l, i)) ...             // false: accounts are being looked at; conf.done is called when they are
 *     accounts_look_take(l, options, spool_id, &seen)   // at the beginning of an account's turn; false: nothing is known of it
 *     accounts_look_end(l);                             // what is under way is given up
 *     accounts_look_close(l);
 *
 * Looked at together are accounts that are soon to have their turn, with the same connection settings and a schema each. An account that
 * is alone in this, or has no schema or no spool, or of which a look saw nothing, is ready at once, and its own run looks at it.
 * What was seen is of use for less than a minute, as what any look sees.
 */
#ifndef NETTY_LOAD_ACCOUNTS_ACCOUNTS_LOOK_H
#define NETTY_LOAD_ACCOUNTS_ACCOUNTS_LOOK_H

#include "load/target/tables_look.h"
#include "shared/options/options.h"

struct accounts_look;

struct accounts_look_conf {
    const struct options *options;         /* of all accounts; borrowed */
    bool (*expected)(void *ctx, size_t i); /* Will the i-th account have a turn soon? */
    void (*done)(void *ctx);               /* from the loop */
    void *ctx;
};

enum err_code accounts_look_open(struct accounts_look **l, const struct accounts_look_conf *conf,
                                 struct err *e) MUST_CHECK;
void accounts_look_begin(struct accounts_look *l, uv_loop_t *loop);
/* The i-th account is about to have its turn. */
bool accounts_look_is_ready(struct accounts_look *l, size_t i);
/* o: the account's settings. What was seen through another connection string, or of another spool or schema, does not count. The caller owns
 * what *seen holds. */
bool accounts_look_take(struct accounts_look *l, const struct options *o, const char *spool,
                        struct tables_seen *seen);
void accounts_look_end(struct accounts_look *l);
void accounts_look_close(struct accounts_look *l); /* after accounts_look_end; NULL is fine */

#endif
