/*
 * Shows the places in a table's list that the API does not give (spool/control/unreadable.h): for people, in 80
 * columns, or as JSON, one object a line. Shown are the records before and after the place, since when, what the
 * server said, and when the place is tried again.
 *
 *     place_list_head(out, table);
 *     place_list_line(out, &place) ...
 *     place_list_advice(out, table)
 *
 * Output errors are left in ferror(out).
 */
#ifndef NETTY_SPOOL_DEAD_REPORT_PLACE_LIST_H
#define NETTY_SPOOL_DEAD_REPORT_PLACE_LIST_H

#include "spool/control/unreadable.h"
#include <stdio.h>

#define PLACE_REASON "not-given" /* beside the dead letters' reasons */

/* Does the table lack records because of the place? Otherwise their bytes are among the dead letters, or the place is listed
 * already in another order of the list. */
bool place_list_is_lacking(const struct place *place);

void place_list_head(FILE *out, const char *table);
void place_list_line(FILE *out, const struct place *place);
void place_list_advice(FILE *out);
enum err_code place_list_json(FILE *out, const char *table, const struct place *place,
                              struct err *e) MUST_CHECK;

#endif
