/*
 * One dead letter as a line, and back. For dead_letters.c and its tests.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_LINE_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_LINE_H

#include "shared/base/buf.h"
#include "spool/dead_letters/dead_letter.h"
#include "spool/format/page.h"

/* The longest line. A text becomes twice as long at worst; one that would grow more is kept in base64. */
#define DEAD_LETTER_LINE_MAX (2 * (size_t)PAGE_LINE_MAX + 65536)

/* Returns the hash by which a version of a record is recognized; never 0. */
uint64_t dead_letter_hash(const char *raw, size_t n);

enum err_code dead_letter_line_add(struct buf *b, const struct dead_letter *letter) MUST_CHECK;

/* The memory that a dead letter's strings point into. */
struct dead_letter_line_memory {
    char reason[64];
    char sqlstate[8];
    char file[160];
    struct buf message;
    struct buf raw;
    struct buf raw64;
};
void dead_letter_line_memory_init(struct dead_letter_line_memory *m);
void dead_letter_line_memory_free(struct dead_letter_line_memory *m);
/* Reads a line, without its line end. A damaged line becomes a dead letter with the reason "damaged" and the line's text as raw.
 * The dead letter is valid until the next call with the same memory, and no longer than the line. */
void dead_letter_line_read(struct dead_letter_line_memory *m, const char *line, size_t n,
                           struct dead_letter *letter);

#endif
