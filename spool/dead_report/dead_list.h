/*
 * Dead letters for people, in 80 columns, or as JSON, an object a line: table, key, time, since when, reason, and what to do.
 *
 *     dead_list_head(out, table);
 *     dead_list_line(out, table, key_name, &letter) ...
 *     dead_list_reasons(out, table, side, &reasons);
 *
 * Output errors are left in ferror(out).
 */
#ifndef NETTY_SPOOL_DEAD_REPORT_DEAD_LIST_H
#define NETTY_SPOOL_DEAD_REPORT_DEAD_LIST_H

#include "spool/dead_report/dead_reasons.h"
#include <stdio.h>

void dead_list_head(FILE *out, const char *table);
void dead_list_line(FILE *out, const char *table, const char *key_name,
                    const struct dead_letter *letter);
void dead_list_reasons(FILE *out, const char *table, enum dead_side side,
                       const struct dead_reasons *reasons);

/* Write a text in indented lines that end before column 80. dead_list_message is for texts of the API or the database, whose
 * control characters are escaped. */
void dead_list_paragraph(FILE *out, const char *s);
void dead_list_message(FILE *out, const char *message);

/* extra: further members, each with a comma before it; "" for none. */
enum err_code dead_list_json(FILE *out, const char *table, enum dead_side side,
                             const char *key_name, const struct dead_letter *letter,
                             const char *extra, struct err *e) MUST_CHECK;

#endif
