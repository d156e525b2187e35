/*
 * The inside of the loader's reconcile, shared by the files load/reconcile*.c only:
 *   reconcile.c        the thread, the tables, what there is to do
 *   reconcile_lookups.c  what the lookups have shown, and when it may be acted on
 *   reconcile_absent.c  which rows a roll lacks
 *   reconcile_delete.c   the transactions
 */
#ifndef NETTY_LOAD_RECONCILE_RECONCILE_PRIVATE_H
#define NETTY_LOAD_RECONCILE_RECONCILE_PRIVATE_H

#include "load/command/session.h"
#include "load/reconcile/reconcile.h"
#include "load/target/target_table.h"
#include "spool/inventory/inventory.h"
#include "spool/inventory/missing_records.h"

#define RECONCILE_ROWS 1000 /* of one transaction */

/* One table's work. All borrowed but what is said. */
struct reconcile_task {
    const struct reconcile_conf *conf;
    const atomic_bool *stop;
    struct session *session;
    const char *database; /* its identity */
    const char *table;
    struct relation relation;     /* its own */
    struct page_place place;      /* what the database has of the spool */
    struct inventory_state state; /* of the roll */
    struct missing_entry old;     /* our last word; its rows are its own */
    struct missing_entry now;     /* our next word; likewise */
    uint64_t lookups;             /* of this roll acted on, and */
    uint64_t deleted;             /* rows marked in it, as the database has it */
    uint64_t allowed;             /* to be marked in one roll */
    struct reconcile_row *row;
};

/* reconcile_lookups.c */
/* Has the database loaded a page that was fetched after `at`, with which all is there that the source
 * had at `clock`? Only then is what it lacks not merely late. */
enum err_code reconcile_fresh(const struct reconcile_task *t, int64_t at, int64_t clock,
                              bool *fresh, struct err *e) MUST_CHECK;
/* Marks what is gone, or says why not: *held is how many are held back. lookups: acted on with that; or
 * 0. */
enum err_code reconcile_act(struct reconcile_task *t, const struct inventory_pair *pairs, size_t n,
                            int64_t at, uint64_t lookups, uint64_t *held, struct err *e) MUST_CHECK;
/* The lookups of the roll that have not been acted on. */
enum err_code reconcile_read_lookups(struct reconcile_task *t, bool *changed,
                                     struct err *e) MUST_CHECK;

/* reconcile_absent.c: walks through the table's rows; fills task.now with those that the roll lacks,
 * *gone with those that are missing for the second time (the caller's to free), and takes marks back. */
enum err_code reconcile_find_absent(struct reconcile_task *t, struct inventory_pair **gone,
                                    size_t *n, struct err *e) MUST_CHECK;

/* reconcile_delete.c */
/* Reads task.lookups and task.deleted. */
enum err_code reconcile_state_read(struct reconcile_task *t, struct err *e) MUST_CHECK;
enum err_code reconcile_delete_limit(struct reconcile_task *t, struct err *e) MUST_CHECK;
/* How many of these would be newly deleted. */
enum err_code reconcile_delete_count(struct reconcile_task *t, const struct inventory_pair *pairs,
                                     size_t n, uint64_t *deleted, struct err *e) MUST_CHECK;
/* Marks them in transactions of RECONCILE_ROWS; the last one also stores that so many lookups have
 * been acted on. at: when they were found missing for the second time. */
enum err_code reconcile_delete_rows(struct reconcile_task *t, const struct inventory_pair *pairs,
                                    size_t n, int64_t at, uint64_t lookups,
                                    struct err *e) MUST_CHECK;
struct revival {
    int64_t key;
    bool deleted;
    char deletion[64];
};
enum err_code reconcile_undelete(struct reconcile_task *t, const struct revival *revivals, size_t n,
                                 struct err *e) MUST_CHECK;

#endif
