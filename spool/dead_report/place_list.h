/*
 * Places of a table's list that the API does not give (spool/control/unreadable.h), for people, in 80 columns, or as
 * JSON, an object a line: between which neighbours, since when, what the server said, when it is tried again.
 *
 *     place_list_head(out, table);
 *     place_list_line(out, &place) ...
 *     place_list_advice(out, table)
 *
 * What fails shows in ferror(out).
 */
#ifndef NETTY_SPOOL_DEAD_REPORT_PLACE_LIST_H
#define NETTY_SPOOL_DEAD_REPORT_PLACE_LIST_H

#include "spool/control/unreadable.h"
#include <stdio.h>

#define PLACE_REASON "not-given" /* beside the dead letters' reasons */

/* What the table lacks; else the record's bytes are among the dead letters, or it is told of in another order. */
bool place_list_is_lacking(const struct place *place);

void place_list_head(FILE *out, const char *table);
void place_list_line(FILE *out, const struct place *place);
void place_list_advice(FILE *out);
enum err_code place_list_json(FILE *out, const char *table, const struct place *place,
                              struct err *e) MUST_CHECK;

#endif
