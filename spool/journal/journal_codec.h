/*
 * The journal's lines, back from text; the way there is in journal.h. For journal.c and its tests.
 */
#ifndef NETTY_SPOOL_JOURNAL_JOURNAL_CODEC_H
#define NETTY_SPOOL_JOURNAL_JOURNAL_CODEC_H

#include "spool/journal/journal.h"

/* text[0..n) is one line without its line end. Fills kind and what belongs to it, and position
 * (untouched for a footer). ERR_DAMAGED when it is not a line that was written so; ERR_CONFIG: a
 * newer format. */
enum err_code journal_decode(const char *text, size_t n, struct journal_line *line,
                             char position[PAGE_POSITION_MAX + 1], struct err *e) MUST_CHECK;

#endif
