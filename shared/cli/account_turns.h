/*
 * All accounts of the configuration file in one process, each in its turn.
 *
 *     static const struct account_program program = {.open = open, .loop = loop, .stop = stop, .close = close, ...};
 *     rc = account_turns_run(options, &program, ctx, &code, e);
 *
 * As many accounts are open at a time as --jobs allows tables, and these share the tables among them, so that memory is that of a
 * few accounts however many there are. An account's turn is the program's ordinary run, on a loop of its own, which this
 * one turns: a line of the log that is written meanwhile has the field `account`. Accounts begin TURN_PAUSE apart at the least. An
 * account that cannot be opened, or fails, has its row, and stops no other.
 *
 * With --follow there is a round every TURN_LOOK, in which only those accounts have a turn of which program.due says so; what the turns
 * came to is summed up, and printed at the end. A turn that was stopped is no failure then.
 * With --every a round over all of them begins at each multiple of the interval after the first, and at SIGUSR1; without it one round
 * is all. Each round ends with a summary, a row an account, in the order of their names. SIGTERM: open turns are asked to stop,
 * and no further one begins. SIGHUP, with --every: as shared/cli/reload.h has it.
 */
#ifndef NETTY_SHARED_CLI_ACCOUNT_TURNS_H
#define NETTY_SHARED_CLI_ACCOUNT_TURNS_H

#include "shared/options/accounts.h"
#include <uv.h>

#define TURN_PAUSE  (INT64_C(50) * 1000) /* microseconds: twenty accounts a second */
#define TURN_LOOK   (INT64_C(1) * 1000000)
#define TURN_COUNTS 5
#define TURN_SAYS   1024 /* as long as an error's message */

struct account_turns;

/* What became of an account's turn. */
struct account_turn {
    int code;                    /* its exit code */
    size_t tables;               /* that it had, */
    size_t failed;               /* ... and that failed */
    int64_t counts[TURN_COUNTS]; /* as account_program.counts names them */
    int64_t elapsed;             /* microseconds; filled in here */
    int64_t ended;               /* the wall clock; filled in here; WHEN_NONE: it has had no turn */
    char says[TURN_SAYS];        /* why it failed, the gravest, or "" */
};

struct account_program {
    const char *counts[TURN_COUNTS]; /* columns of the summary; NULL: no more */
    /* Begins an account's run, with these options, which live longer, and so many tables at a time. Fails where there is nothing to
     * turn; what fails later is told by close. */
    enum err_code (*open)(void **run, void *ctx, const struct options *o, unsigned jobs,
                          struct err *e);
    uv_loop_t *(*loop)(void *run); /* the run has ended when nothing keeps this loop alive */
    void (*stop)(void *run);       /* soon; called once at most */
    /* After its end: fills turn, which is all zero, and frees all. */
    void (*close)(void *run, struct account_turn *turn);
    /* --follow: is it the i-th account's turn? It begins right after a true. */
    bool (*due)(void *ctx, size_t i);
    /* The turn of the i-th account is over; o is NULL where its settings are wrong. */
    void (*ended)(void *ctx, size_t i, const struct options *o, const struct account_turn *turn);
    /* A round is over. Returns its code, or a graver one. */
    int (*round)(void *ctx, int code);
    /* The loop that all is on is there; what it opens there must not keep it alive. */
    enum err_code (*begin)(void *ctx, struct account_turns *turns, uv_loop_t *loop, struct err *e);
    void (*end)(void *ctx); /* closes that */
};

/* Adds an error to what the turn says, and its exit code: the gravest is told. */
void account_turn_failed(struct account_turn *turn, const struct err *why);

/* A round now, where the next one is waited for. ERR_BUSY: one is under way. */
enum err_code account_turns_ask(struct account_turns *t, struct err *e) MUST_CHECK;

/* *code is that of the last round, the gravest of its accounts; an error that is returned counts instead. */
enum err_code account_turns_run(const struct options *o, const struct account_program *program,
                                void *ctx, int *code, struct err *e) MUST_CHECK;

#endif
