/*
 * What `netty-spool heal` can put right without fetching anything: what stands beside the pages.
 *
 *   dead letters     damaged lines are moved to a file of their own (dead_letters.h)
 *   a seek table     is made anew from the frames (seek_table_repair.h)
 *   healed.json      goes: what it hid is named, and healed, again
 *   pruned.json      goes: segments that are missing before the oldest need no excuse
 *   refetch.json     is written anew with what a damaged one means: all is fetched again
 *   acked.json       goes, unless the table's writer is there, which writes it anew itself
 *   roll.ndjson      goes, unless a reconcile is at it: the next one begins anew
 *   missing.json     goes: the loader judges anew
 *   catalog.json     goes: the loader writes it anew
 *   loaded.json      stays, and is named: which databases there are only a person knows, and without
 *                    them pages might be pruned that one of them still needs
 *   source.json      stays, and is named: netty-extract --rebind
 */
#ifndef NETTY_SPOOL_MAINTENANCE_REPAIR_H
#define NETTY_SPOOL_MAINTENANCE_REPAIR_H

#include "spool/store/spool.h"

/* *repaired: how many things; dry_run: would be. */
enum err_code repair_table(const struct spool *s, const char *table, bool dry_run,
                           int64_t *repaired, struct err *e) MUST_CHECK;
enum err_code repair_spool(const struct spool *s, bool dry_run, int64_t *repaired,
                           struct err *e) MUST_CHECK;

#endif
