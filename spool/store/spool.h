/*
 * The spool folder as a whole: its identity, its tables, its lock files. FORMAT.md is the standard.
 *
 *     <spool>/spool.json                    format version, identity, when made
 *     <spool>/catalog.json                  what the loader told the extractor (catalog.h)
 *     <spool>/source.json                   which API it is of (api_source.h)
 *     <spool>/run.json                      somebody asks for a run now (run_request.h)
 *     <spool>/reserve                       room for when the disk is full (reserve.h)
 *     <spool>/<table>/acked.json            which page was acknowledged last (acked.h)
 *     <spool>/<table>/lock                  held by the table's one writer
 *     <spool>/<table>/0000000001.ndjson     a segment's records (segment.h)
 *     <spool>/<table>/0000000001.journal    its pages (journal.h)
 *     <spool>/<table>/0000000001.ndjson.zst a sealed segment, compressed
 *     <spool>/<table>/loaded.json           what the databases have of it (loaded.h)
 *     <spool>/<table>/pruned.json           up to where it has been pruned (pruned.h)
 *     <spool>/<table>/healed.json           damage that was dealt with (healed.h)
 *     <spool>/<table>/refetch.json          from where the extractor fetches again (refetch.h)
 *     <spool>/<table>/runs-extract.ndjson   what the extractor's last runs did (run_history.h)
 *     <spool>/<table>/runs-load.ndjson      what the loader's did
 *     <spool>/<table>/roll.ndjson           what the source still has (inventory.h)
 *     <spool>/<table>/missing.json          what of the database it lacks (missing_records.h)
 *     <spool>/<table>/dead-extract.ndjson   set aside by the extractor (dead_letters.h)
 *     <spool>/<table>/dead-load.ndjson      set aside by the loader
 *
 * Folders are 0700, files 0600.
 */
#ifndef NETTY_SPOOL_STORE_SPOOL_H
#define NETTY_SPOOL_STORE_SPOOL_H

#include "shared/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define SPOOL_FORMAT 1

struct spool;

/* SPOOL_CREATE makes what is missing (ERR_CREATE when that fails). Without it: ERR_NO_SPOOL where
 * there is none. A folder that holds other things and no spool.json is refused, not adopted; ERR_CONFIG where these are accounts'
 * spools, or where a spool would be made within another; a
 * newer format is refused with its number (ERR_CONFIG); a damaged spool.json is ERR_DAMAGED. */
enum spool_mode {
    SPOOL_LOOK,
    SPOOL_CREATE
};
enum err_code spool_open(struct spool **s, const char *dir, enum spool_mode mode,
                         struct err *e) MUST_CHECK;
void spool_close(struct spool *s);
/* Makes a spool with that identity where there is none: the mirror of one that is elsewhere (spool/remote). Where there is one it
 * is opened, whatever its identity. */
enum err_code spool_mirror(struct spool **s, const char *dir, const char *id,
                           struct err *e) MUST_CHECK;
/* For a program that writes to the spool: ERR_DENIED, with the command to run instead, where the folder belongs to another
 * user, to whom this one's files would be of no use. Root's folder is let pass (a volume of a container), and one that cannot be
 * written to. */
enum err_code spool_check_writer(const struct spool *s, struct err *e) MUST_CHECK;

const char *spool_dir(const struct spool *s);
/* 32 hexadecimal digits, random at creation, kept by copies: by it the database knows what it has
 * loaded. */
const char *spool_id(const struct spool *s);

/* Does the folder hold another spool by now? Its places would be taken for this one's. False where it holds none, or a
 * damaged one. */
bool spool_replaced(const struct spool *s);

/* The tables of which a segment is there, sorted by name. The list is the caller's: spool_tables_free. */
enum err_code spool_tables(const struct spool *s, char ***tables, size_t *n,
                           struct err *e) MUST_CHECK;
void spool_tables_free(char **tables, size_t n);
/* Is this one of them? */
enum err_code spool_holds(const struct spool *s, const char *table, bool *held,
                          struct err *e) MUST_CHECK;

/* One writer a table: an flock on <table>/lock, which the process holds until spool_unlock or its
 * end. ERR_BUSY names the process that holds it (its id is in the file). Makes the table's folder.
 */
struct spool_lock;
enum err_code spool_lock(struct spool_lock **l, const struct spool *s, const char *table,
                         struct err *e) MUST_CHECK;
void spool_unlock(struct spool_lock *l);

/* A long writer (a backfill) lets others have the lock between two pages. Whoever waits for it:
 *
 *     spool_lock_wait(&w, s, table, e);      // ERR_BUSY where the holder is not one that yields
 *     ... spool_lock() every now and then ...
 *     spool_lock_waited(w);                  // in any case, when it is had or not wanted any more
 *
 * The holder says that it yields (spool_lock_yield), asks before each page whether somebody waits (spool_lock_asked), then
 * unlocks, and takes the lock again only when nobody does. */
struct spool_wait;
enum err_code spool_lock_wait(struct spool_wait **w, const struct spool *s, const char *table,
                              struct err *e) MUST_CHECK;
void spool_lock_waited(struct spool_wait *w); /* NULL is fine */
enum err_code spool_lock_yield(const struct spool *s, const char *table, struct err *e) MUST_CHECK;
bool spool_lock_asked(const struct spool *s, const char *table);

/* Removes the folder of a table that turned out to be none: one with nothing in it but its lock, which nobody
 * holds. Any other stays. */
void spool_drop_empty_table(const struct spool *s, const char *table);

#endif
