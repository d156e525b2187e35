/*
 * Repairs a file of dead letters: makes lines durable that are not known to be, and moves damaged lines out of the file. In both
 * cases a new file replaces the old one, whole or not at all.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_REPAIR_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_REPAIR_H

#include "spool/dead_letters/dead_letter.h"
#include "spool/store/spool.h"
#include <stdbool.h>

/* Makes all dead letters in the file durable. To be called before relying on one that another process has added: after a failed
 * sync, or when that process was killed, it may be in the machine's memory only. */
enum err_code dead_settle(const struct spool *s, const char *table, enum dead_side side,
                          struct err *e) MUST_CHECK;

/* Moves damaged lines into a new file dead-extract.damaged.<microseconds>, or dead-load.damaged.<microseconds>, in the same folder;
 * with dry_run only counts them. *damaged is their number. */
enum err_code dead_letters_repair(const struct spool *s, const char *table, enum dead_side side,
                                  bool dry_run, uint64_t *damaged, struct err *e) MUST_CHECK;

/* For this folder: makes the lines of the open file durable if they are not known to be. Damaged lines are moved out, as by
 * dead_letters_repair. */
struct dead_letter_file;
enum err_code dead_letter_file_settle(struct dead_letter_file *b, struct err *e) MUST_CHECK;

#endif
