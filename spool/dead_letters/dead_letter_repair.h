/*
 * Repairs a file of dead letters: makes durable what is not known to be, and moves damaged lines out of
 * it. Both write the file anew and put it in the place of the old one, whole or not at all.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_REPAIR_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_REPAIR_H

#include "spool/dead_letters/dead_letter.h"
#include "spool/store/spool.h"
#include <stdbool.h>

/* Makes the file's letters durable. Needed by who relies on a letter that it did not add itself: after
 * a failed sync, or a killed program, the letter may be in the machine's memory only. */
enum err_code dead_settle(const struct spool *s, const char *table, enum dead_side side,
                          struct err *e) MUST_CHECK;

/* Moves damaged lines to <side>.damaged.<microseconds>, in the same folder; with dry_run only counts
 * them. *damaged is their number. */
enum err_code dead_letters_repair(const struct spool *s, const char *table, enum dead_side side,
                                  bool dry_run, uint64_t *damaged, struct err *e) MUST_CHECK;

/* For this folder: makes what is in the open file durable, if it is not known to be. Damaged lines are
 * moved out, as by dead_letters_repair. */
struct dead_letter_file;
enum err_code dead_letter_file_settle(struct dead_letter_file *b, struct err *e) MUST_CHECK;

#endif
