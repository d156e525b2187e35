/*
 * The spool folder as a whole: its identity, its tables, and the lock that a table's writer holds. FORMAT.md, section 2, lists
 * all files of a spool.
 *
 *     spool_open(&s, "var/spool", SPOOL_CREATE, e);
 *     spool_lock(&lock, s, "contacts", e);
 *     ...
 *     spool_unlock(lock);
 *     spool_close(s);
 *
 * Folders are made with mode 0700, files with 0600.
 */
#ifndef NETTY_SPOOL_STORE_SPOOL_H
#define NETTY_SPOOL_STORE_SPOOL_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define SPOOL_FORMAT 1

struct spool;

/* Opens the spool in the folder dir. SPOOL_CREATE makes it where there is none (ERR_CREATE when that fails); SPOOL_LOOK fails
 * with ERR_NO_SPOOL there. A folder that holds other files and no spool.json is refused. ERR_CONFIG: the folder holds the spools
 * of accounts, a spool would be made within another spool, or the spool has a newer format. ERR_DAMAGED: spool.json is damaged. */
enum spool_mode {
    SPOOL_LOOK,
    SPOOL_CREATE
};
enum err_code spool_open(struct spool **s, const char *dir, enum spool_mode mode,
                         struct err *e) MUST_CHECK;
void spool_close(struct spool *s);
/* Has the folder a spool.json, whatever is in it? */
bool spool_is_there(const char *dir);
/* Makes a spool with that identity where there is none, as the mirror of a spool on another machine (spool/remote). A spool
 * that is there is opened, whatever its identity. */
enum err_code spool_mirror(struct spool **s, const char *dir, const char *id,
                           struct err *e) MUST_CHECK;
/* For a program that writes to the spool: fails with ERR_DENIED, and the command to run instead, where the folder belongs to
 * another user, who could not use the files that this one writes. A folder of root's passes (a container's volume), and so does
 * a folder that this user cannot write to. */
enum err_code spool_check_writer(const struct spool *s, struct err *e) MUST_CHECK;

const char *spool_dir(const struct spool *s);
/* Returns the identity: 32 hexadecimal digits, random at creation, the same in copies of the spool. A database records by it
 * what it has loaded. */
const char *spool_id(const struct spool *s);

/* Has another spool been put in the folder since this one was opened? Its places would be taken for this spool's. False where
 * the folder holds no spool, or a damaged one. */
bool spool_replaced(const struct spool *s);

/* Lists the tables that have a segment, sorted by name. The caller frees the list with spool_tables_free. */
enum err_code spool_tables(const struct spool *s, char ***tables, size_t *n,
                           struct err *e) MUST_CHECK;
void spool_tables_free(char **tables, size_t n);
/* Sets *held to whether the table is one of these. */
enum err_code spool_holds(const struct spool *s, const char *table, bool *held,
                          struct err *e) MUST_CHECK;

/* Makes this process the table's one writer: an flock on <table>/lock, held until spool_unlock or the process's end. Makes the
 * table's folder. Fails with ERR_BUSY while another process has the lock; the message has its id, which is in the file. */
struct spool_lock;
enum err_code spool_lock(struct spool_lock **l, const struct spool *s, const char *table,
                         struct err *e) MUST_CHECK;
void spool_unlock(struct spool_lock *l);

/* A writer that works for long (a backfill) lets others have the lock between two pages. A process that waits for it:
 *
 *     spool_lock_wait(&w, s, table, e);      // ERR_BUSY where the holder does not yield
 *     ... spool_lock() every now and then ...
 *     spool_lock_waited(w);                  // in any case: with the lock, or when it is not wanted any more
 *
 * The holder says that it yields (spool_lock_yield), and asks before each page whether somebody waits (spool_lock_asked). If so
 * it unlocks, and takes the lock again only when nobody waits. */
struct spool_wait;
enum err_code spool_lock_wait(struct spool_wait **w, const struct spool *s, const char *table,
                              struct err *e) MUST_CHECK;
void spool_lock_waited(struct spool_wait *w); /* NULL is fine */
enum err_code spool_lock_yield(const struct spool *s, const char *table, struct err *e) MUST_CHECK;
bool spool_lock_asked(const struct spool *s, const char *table);

/* Removes the folder of a table that the API turned out not to have, if it holds nothing but the lock file, which nobody has
 * locked. Any other folder stays. */
void spool_drop_empty_table(const struct spool *s, const char *table);

#endif
