/*
 * Which lines of the spool stand among a table's dead letters, for code that asks often: reads the file
 * once, and after that only what was added.
 *
 *     dead_index_open(&x, spool, "contacts", DEAD_LOAD, e);
 *     dead_index_refresh(x, place, e);             // no line before this place will be asked for
 *     dead_index_has(x, place, line, &has, e) ...
 *     dead_index_close(x);
 *
 * Memory is bounded: of more dead letters than DEAD_INDEX_MAX the index keeps those with the least
 * places, and reads the file again when a later line is asked for. A caller that asks in the order of
 * places causes one reading for each DEAD_INDEX_MAX dead letters; going back costs a further reading.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_INDEX_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_INDEX_H

#include "spool/dead_letters/dead_letters.h"

#define DEAD_INDEX_MAX 65536u /* entries of 24 bytes; for a moment twice as many */

struct dead_index;
enum err_code dead_index_open(struct dead_index **x, const struct spool *s, const char *table,
                              enum dead_side side, struct err *e) MUST_CHECK;
void dead_index_close(struct dead_index *x);

enum err_code dead_index_refresh(struct dead_index *x, struct page_place least,
                                 struct err *e) MUST_CHECK;
enum err_code dead_index_has(struct dead_index *x, struct page_place place, uint64_t line,
                             bool *has, struct err *e) MUST_CHECK;

#endif
