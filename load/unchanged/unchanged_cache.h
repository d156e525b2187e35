/*
 * A cache of lines that were loaded before. An entry says: this very line, upserted onto the row version that transaction X has
 * written, changes nothing. With it, a line that was loaded before costs a digest and a look at memory instead of a parse, and the
 * server one look at its index instead of a comparison.
 *
 *     unchanged_open(&u, dir, &id, e);              // dir: the table's folder in the spool. u NULL afterwards: no cache
 *     unchanged_lookup(u, line, n, &seen) ...       // true: seen.row and seen.xid are known
 *     unchanged_invalidate(u, seen.at);             // this entry is no longer true
 *     unchanged_validate(u, lanes, xid, &progress); // once a batch is committed; then
 *     unchanged_add(u, &seen) ...                   // all its lines, in their order
 *     unchanged_release(u);                         // at the end of a load: the next one looks from the beginning
 *
 * Why an entry may be believed. The row version is identified by its xmin, and the line by a digest of 128 bits under a random seed. As
 * long as the database goes on from where it was, X never names another version of the row. So an entry may be used only if the same
 * transaction has seen that the progress of the key's lane is still the very row that unchanged_validate was told of
 * (unchanged_validity). It is not after a restore, after a failover that lost something, after a crash that lost commits which did
 * not wait for the disk (their transaction numbers are given out again), or after another loader's commit. Then the whole cache must
 * be cleared (unchanged_clear), whether or not lines of the batch were known, and before anything more is validated: the next commit
 * would otherwise validate lanes whose entries are wrong.
 * Entries of transactions that are too old to tell apart are not found. The file's identity has what rows depend on (settings, key, time
 * zone, program version), and the relation and cluster; with another identity the cache begins anew.
 *
 * How lines are found. The file is a log of bounded length (a ring) of lines in the order in which they were loaded. Lines that are loaded
 * again come in the same order, with gaps where records have changed, so that the next line is nearly always a few entries behind the last
 * one found. A window of the log is read at a time, and any line in it is found at once. To find another position in the log, there is an
 * index of samples: every 8th line by its digest (of half a million entries; every 16th of a million, and so on). A line that is neither in
 * the window nor in the index counts as not known, which is right and only slower; it is added again at the log's end.
 *   - If all is fetched again (--full), or the spool is loaded again (replay): a load begins to look at the log's beginning.
 *   - The overlap of an incremental run is what was loaded last: the second position where a load looks is the log's end.
 *   - Elsewhere (after a bulk change, which leaves a gap of hundreds of entries): on average 8 lines count as not known, until a sample is
 *     found; the next line is looked for behind it. The position before the jump is remembered.
 *   - A sampled line that lies apart is found alone, and the window stays where it was.
 *
 * The file belongs to the loader alone. It is never synced, has a bounded size, and may be lost or cut at any time. Each entry has a
 * checksum, so that a torn or damaged one is not found; the index only says where to look. The header says how long the log is; it is
 * written with each unchanged_validate, after the entries and their samples, and entries that a crash left behind that end are dropped. The file is locked with flock; a second
 * loader, or one that may not write, works without the cache. In memory: the header; the window, and 24 KiB of the index, from the first
 * use to unchanged_release.
 */
#ifndef NETTY_LOAD_UNCHANGED_UNCHANGED_CACHE_H
#define NETTY_LOAD_UNCHANGED_UNCHANGED_CACHE_H

#include "load/row/lane.h"
#include "load/row/row.h"

#define UNCHANGED_ENTRIES (UINT64_C(1) << 22) /* four million lines, 256 MiB */

struct unchanged_id {
    const char *database; /* identifies the relation, and no other one */
    const char *settings; /* everything but the line that a row depends on */
    uint64_t entries;     /* how many entries at most; 0: UNCHANGED_ENTRIES, which is the limit */
};

/* A line, and what is known of it. */
struct unchanged_seen {
    uint64_t digest[2];
    struct row row; /* without data */
    uint64_t xid;   /* the version's transaction, all 64 bits; 0: not known */
    uint64_t at;    /* where in the log the entry was found */
};

/* For one lane: the transaction that wrote its progress last, as far as this cache knows; xid 0: none. */
struct unchanged_validity {
    uint64_t xid;
    struct progress at;
};

struct unchanged;
enum err_code unchanged_open(struct unchanged **u, const char *dir, const struct unchanged_id *id,
                             struct err *e) MUST_CHECK;
void unchanged_close(struct unchanged *u); /* NULL is fine, as for all of these */
void unchanged_release(struct unchanged *u);

/* Fills the digest in any case. */
bool unchanged_lookup(struct unchanged *u, const char *line, size_t n, struct unchanged_seen *seen);
/* Adds a line that was not found. Lines are written by the hundred, so a batch's lines are best added without lookups in between. */
void unchanged_add(struct unchanged *u, const struct unchanged_seen *seen);
void unchanged_invalidate(struct unchanged *u, uint64_t at);
/* Hints that the next line to be looked up is at or near this position of the log. */
void unchanged_seek(struct unchanged *u, uint64_t at);
void unchanged_validate(struct unchanged *u, unsigned lanes, uint64_t xid,
                        const struct progress *at);
const struct unchanged_validity *
unchanged_validity(const struct unchanged *u); /* of LANES; or NULL */
/* Clears the cache. Returns true if it held something: then digests from before must not be used any more, and entries that were found
 * must not be believed. */
bool unchanged_clear(struct unchanged *u);

#endif
