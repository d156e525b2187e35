/*
 * Lines that need not be looked at: a cache of "the row version that transaction X left under this key
 * stays as it is when this very line is upserted". With it a line that was loaded before costs a digest
 * and a look at memory instead of a parse, and the server one look at its index instead of a comparison.
 *
 *     unchanged_open(&u, dir, &id, e);               // the table's folder in the spool; NULL: no cache
 *     unchanged_lookup(u, line, n, &seen) ...          // true: seen.row and seen.xid are known
 *     unchanged_invalidate(u, seen.at);                  // it is not so any more
 *     unchanged_validate(u, lanes, xid, &progress);     // once committed; and then:
 *     unchanged_add(u, &seen) ...                  // all its lines, in their order
 *     unchanged_release(u);                             // at the end of a load: the next one begins anew
 *
 * Why it is safe to believe. A version is told by its xmin, and content is compared by a digest of 128
 * bits under a random seed. X never names another version of the row, as long as the database goes on from
 * where it was: so whoever uses an entry must have seen, in the same transaction, that the progress of its
 * lane is still the very row that unchanged_validate was told of (unchanged_validity). After a restore, a
 * failover that lost something, a crash that lost commits which nobody waited for (their numbers are given out again), or
 * another loader, it is not, and all is forgotten (unchanged_clear): before anything more is vouched for, whether lines of
 * it are known or not, for the next commit would validate the lanes with what is wrong.
 * Entries of transactions too old to tell apart are not found. What the lines are made of (settings, key,
 * time zone, version) and which relation of which cluster it is are the file's identity: another one
 * begins anew.
 *
 * Where it looks. The file is a log: lines in the order in which they were loaded, of bounded length (a ring: then the
 * oldest go). What is loaded again comes in the order of before, with gaps where records have changed, so the next line is
 * nearly always some entries behind the last one that was found: a window of the log is read at a time, and any of
 * its lines is found at once, whatever their order. To find the place anew there is an index of samples only: every 8th
 * line, by its digest (of half a million entries; every 16th of a million ...). Lines that neither has are not known, which is
 * right, only slower; those are learned again, behind all others, so that they lie together the next time.
 *   - All is fetched again (--full), or the spool loaded again (--replay): a load begins to look at the log's beginning.
 *   - The overlap of an incremental run is what was loaded last: the second place where a load looks is the log's end.
 *   - Elsewhere (a bulk change left a gap of hundreds of entries): on the average 8 lines go the slow way, until a
 *     sample is found; the next line is looked for behind it. Where that ends, the way back is known.
 *   - A record that is sampled and lies apart is found by itself, and the window stays where it was.
 *
 * The file is the loader's own, and a cache: never synced, of bounded size, may be lost or cut at any time.
 * Each entry has a check of its own; one that is torn or flipped is not found; the index only says where to look. The
 * header tells how long the log is; it is written with each unchanged_validate, and what a crash left behind its end goes.
 * Held with flock; who comes second, or may not write, works without. In memory: its header, and the window, from
 * the first use to unchanged_release.
 */
#ifndef NETTY_LOAD_UNCHANGED_UNCHANGED_CACHE_H
#define NETTY_LOAD_UNCHANGED_UNCHANGED_CACHE_H

#include "load/row/lane.h"
#include "load/row/row.h"

#define UNCHANGED_ENTRIES (UINT64_C(1) << 22) /* four million lines, 256 MiB */

struct unchanged_id {
    const char *database; /* the relation, in a way that no other shares */
    const char *settings; /* all else that a row depends on besides its line */
    uint64_t entries;     /* at most; 0: UNCHANGED_ENTRIES, which is the most */
};

/* A line, and what is known of it. */
struct unchanged_seen {
    uint64_t digest[2];
    struct row row; /* without data */
    uint64_t xid;   /* of the version, all 64 bits; 0: not known */
    uint64_t at;    /* where it was found */
};

/* Of one lane: who wrote its progress last, as far as this file goes; xid 0: nobody. */
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
/* One that was not found. They are written by the hundred: best all of a batch, with no look-up between. */
void unchanged_add(struct unchanged *u, const struct unchanged_seen *seen);
void unchanged_invalidate(struct unchanged *u, uint64_t at);
/* The next line that is looked for was, or is near one that was, found there. */
void unchanged_seek(struct unchanged *u, uint64_t at);
void unchanged_validate(struct unchanged *u, unsigned lanes, uint64_t xid,
                        const struct progress *at);
const struct unchanged_validity *
unchanged_validity(const struct unchanged *u); /* of LANES; or NULL */
/* True: there was something. Digests of before are of no use any more then, and what was found is not to be believed. */
bool unchanged_clear(struct unchanged *u);

#endif
