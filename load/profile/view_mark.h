/*
 * The comment on a column of a view, by which the column's member is known again, whatever the column is called:
 *
 *     data->'address'->>'city' as text
 *
 * It has the member's path (quotes doubled), and the type by its name in member_cast.h. Comments by people are left alone, and are no marks.
 */
#ifndef NETTY_LOAD_PROFILE_VIEW_MARK_H
#define NETTY_LOAD_PROFILE_VIEW_MARK_H

#include "load/profile/member_cast.h"
#include <stdbool.h>

enum err_code view_mark_add(struct buf *out, enum member_cast cast,
                            const char *const path[]) MUST_CHECK;
/* Takes a mark apart. text is overwritten, and path then points into it. Returns false if text is no mark. */
bool view_mark_read(char *text, enum member_cast *cast, const char *path[]);

#endif
