/*
 * Runs all accounts of the configuration file in one process, in turns.
 *
 *     static const struct account_program program = {.open = open, .loop = loop, .stop = stop, .close = close, ...};
 *     rc = account_turns_run(options, &program, ctx, &code, e);
 *
 * As many accounts are open at a time as --jobs allows tables, and they share that number of tables, so the memory is that of a few
 * accounts, however many there are. An account's turn is the program's ordinary run on a loop of its own, which is run from the
 * loop here. Log lines that are written meanwhile have the field `account`. Two turns begin at least TURN_PAUSE apart. An account
 * that cannot be opened, or that fails, has its row in the summary, and the others go on.
 *
 * A round is one turn of each account. With --every a round begins at each multiple of the interval after the first one, and at
 * SIGUSR1. Otherwise there is one round. Each round ends with a summary, one row for each account, in the order of their names.
 *
 * With --follow a round is a look at all accounts, TURN_LOOK after the last one. An account for which program.due returns true has a
 * turn; at SIGUSR1 that is told that a round was asked for. No round waits for the turns of the one before. The results of an account's turns are added
 * up, and printed at the end. A turn that was stopped is then no failure.
 *
 * At SIGTERM open turns are asked to stop, and no further
 * one begins. SIGHUP with --every: see shared/cli/reload.h.
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
    size_t tables;               /* how many tables it had */
    size_t failed;               /* how many of them failed */
    int64_t counts[TURN_COUNTS]; /* as account_program.counts names them */
    int64_t elapsed;             /* microseconds; set by account_turns_run */
    int64_t ended;        /* wall clock, set by account_turns_run; WHEN_NONE: it had no turn */
    char says[TURN_SAYS]; /* the message of the gravest failure, or "" */
};

struct account_program {
    const char *counts[TURN_COUNTS]; /* columns of the summary; NULL: no more */
    /* Begins an account's run with at most `jobs` tables at a time; o lives longer than the run. Fails where no run can begin; later
     * failures are reported by close. */
    enum err_code (*open)(void **run, void *ctx, const struct options *o, unsigned jobs,
                          struct err *e);
    uv_loop_t *(*loop)(void *run); /* the run has ended when nothing keeps this loop alive */
    void (*stop)(void *run);       /* asks the run to stop soon; called once at most */
    /* Called after the run's end: fills turn, which is all zero, and frees the run. */
    void (*close)(void *run, struct account_turn *turn);
    /* With --follow: has the i-th account anything to do? asked: somebody asked for a round. After true the account's turn begins at
     * once. Not called while a turn of it is open. */
    bool (*due)(void *ctx, size_t i, bool asked);
    /* May be NULL. May the i-th account's turn begin, if it is due? A place for it is free. False: it has to wait for something, and so have
     * the accounts behind it; then account_turns_go is called, and this again. asked: as due's. */
    bool (*ready)(void *ctx, size_t i, bool asked);
    /* The turn of the i-th account is over; o is NULL where its settings are wrong. */
    void (*ended)(void *ctx, size_t i, const struct options *o, const struct account_turn *turn);
    /* May be NULL. A round after the first one is to begin, and without --follow: true where it has to wait for something. Then
     * account_turns_go begins it; until then this may be called again. */
    bool (*before)(void *ctx);
    /* A round is over. Returns its code, or a graver one. */
    int (*round)(void *ctx, int code);
    /* Called once before the first round, with the loop of account_turns_run. Handles that are opened on it must not keep it alive. */
    enum err_code (*begin)(void *ctx, struct account_turns *turns, uv_loop_t *loop, struct err *e);
    void (*end)(void *ctx); /* closes what begin has opened */
};

/* Adds a failure to the turn: says and code become those of the gravest one. */
void account_turn_failed(struct account_turn *turn, const struct err *why);

/* Asks for a round now, while the next round is waited for. ERR_BUSY: a round is under way. */
enum err_code account_turns_ask(struct account_turns *t, struct err *e) MUST_CHECK;

/* Begins the round that program.before has held up, or the turn that program.ready has. Does nothing where none waits. */
void account_turns_go(struct account_turns *t);

/* Sets *code to the exit code of the last round: the gravest of its accounts. If an error is returned, that counts instead. */
enum err_code account_turns_run(const struct options *o, const struct account_program *program,
                                void *ctx, int *code, struct err *e) MUST_CHECK;

#endif
