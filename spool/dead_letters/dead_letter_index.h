/*
 * Which lines stand in a table's dead letters, for those who ask often: reads the file once, and
 * then what was added to it.
 *
 *     dead_index_open(&x, spool, "contacts", DEAD_LOAD, e);
 *     dead_index_refresh(x, place, e);             // none before this place will be asked for
 *     dead_index_has(x, place, line, &has, e) ...
 *     dead_index_close(x);
 *
 * Memory is bounded: of more letters than DEAD_INDEX_MAX it keeps those of the least places, and
 * reads the file again for one beyond. So who asks in the order of places has the file read once for
 * each DEAD_INDEX_MAX letters; one who goes back has it read again.
 */
#ifndef NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_INDEX_H
#define NETTY_SPOOL_DEAD_LETTERS_DEAD_LETTER_INDEX_H

#include "spool/dead_letters/dead_letters.h"

#define DEAD_INDEX_MAX 65536u /* of 24 bytes; for a moment twice as many */

struct dead_index;
enum err_code dead_index_open(struct dead_index **x, const struct spool *s, const char *table,
                              enum dead_side side, struct err *e) MUST_CHECK;
void dead_index_close(struct dead_index *x);

enum err_code dead_index_refresh(struct dead_index *x, struct page_place least,
                                 struct err *e) MUST_CHECK;
enum err_code dead_index_has(struct dead_index *x, struct page_place place, uint64_t line,
                             bool *has, struct err *e) MUST_CHECK;

#endif
