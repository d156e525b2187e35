/*
 * What `netty-spool heal` repairs without fetching anything: damaged files beside the pages.
 *
 *   dead letters     damaged lines are moved to a file of their own (dead_letter_repair.h)
 *   a seek table     is made anew from the frames (seek_table_repair.h)
 *   healed.json      is removed: the damage that it listed is reported, and healed, again
 *   pruned.json      is removed: segments that are missing before the oldest are no damage anyway
 *   refetch.json     is written anew with what a damaged file means: everything is fetched again
 *   acked.json       is removed, unless the table's writer is at work, which writes it anew itself
 *   roll.ndjson      is removed, unless a reconcile is at work: the next one begins anew
 *   missing.json     is removed: the loader judges anew
 *   catalog.json     is removed: the loader writes it anew
 *   loaded.json      stays, and is reported: only a person knows which databases there are, and without
 *                    the file pages might be pruned that a database still needs
 *   source.json      stays, and is reported: netty-extract --rebind
 */
#ifndef NETTY_SPOOL_MAINTENANCE_REPAIR_H
#define NETTY_SPOOL_MAINTENANCE_REPAIR_H

#include "spool/store/spool.h"

/* *repaired is how many files were repaired, or with dry_run would be. */
enum err_code repair_table(const struct spool *s, const char *table, bool dry_run,
                           int64_t *repaired, struct err *e) MUST_CHECK;
enum err_code repair_spool(const struct spool *s, bool dry_run, int64_t *repaired,
                           struct err *e) MUST_CHECK;

#endif
