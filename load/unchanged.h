/*
 * Lines that need not be looked at: a cache of "the row version that transaction X left under this key
 * stays as it is when this very line is upserted". With it a line that was loaded before costs a digest
 * and a look-up instead of a parse, and the server one look at its index instead of a comparison.
 *
 *     unchanged_open(&u, dir, &id, e);               // the table's folder in the spool; NULL: no cache
 *     unchanged_find(u, line, n, &seen) ...          // true: seen.row and seen.xid are known
 *     unchanged_learn(u, &seen);                     // that row version and line, once committed
 *     unchanged_forget(u, &seen);                    // it is not so any more
 *     unchanged_vouch(u, lanes, xid, &progress);     // once committed
 *
 * Why it is safe to believe. A version is told by its xmin, and content is compared by a digest of 128
 * bits under a random seed. X never names another version of the row, as long as the database goes on from
 * where it was: so whoever uses an entry must have seen, in the same transaction, that the progress of its
 * lane is still the very row that unchanged_vouch was told of (unchanged_custody). After a restore, a
 * failover that lost something, or another loader, it is not, and all is forgotten (unchanged_drop).
 * Entries of transactions too old to tell apart are not found. What the lines are made of (settings, key,
 * time zone, version) and which relation of which cluster it is are the file's identity: another one
 * begins anew.
 *
 * The file is the loader's own, and a cache: never synced, of bounded size, may be lost or cut at any time.
 * Each entry has a check of its own; one that is torn or flipped is not found. Held with flock; who comes
 * second, or may not write, works without. Nothing of it is kept in memory but its header.
 */
#ifndef NETTY_LOAD_UNCHANGED_H
#define NETTY_LOAD_UNCHANGED_H

#include "load/lane.h"
#include "load/row.h"

struct unchanged_id {
    const char *database; /* the relation, in a way that no other shares */
    const char *settings; /* all else that a row depends on besides its line */
};

/* A line, and what is known of it. */
struct unchanged_seen {
    uint64_t digest[2];
    struct row row; /* without data */
    uint64_t xid;   /* of the version, all 64 bits; 0: not known */
};

/* Of one lane: who wrote its progress last, as far as this file goes; xid 0: nobody. */
struct unchanged_custody {
    uint64_t xid;
    struct progress at;
};

struct unchanged;
enum err_code unchanged_open(struct unchanged **u, const char *dir, const struct unchanged_id *id,
                             struct err *e) MUST_CHECK;
void unchanged_close(struct unchanged *u); /* NULL is fine, as for all of these */

/* Fills the digest in any case. */
bool unchanged_find(struct unchanged *u, const char *line, size_t n, struct unchanged_seen *seen);
void unchanged_learn(struct unchanged *u, const struct unchanged_seen *seen);
void unchanged_forget(struct unchanged *u, const struct unchanged_seen *seen);
void unchanged_vouch(struct unchanged *u, unsigned lanes, uint64_t xid, const struct progress *at);
const struct unchanged_custody *
unchanged_custody(const struct unchanged *u); /* of LANES; or NULL */
void unchanged_drop(struct unchanged *u);

#endif
