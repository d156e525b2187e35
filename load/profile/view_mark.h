/*
 * What a column of a view says of itself in its comment, so that it is known again whatever it is called:
 *
 *     data->'address'->>'city' as text
 *
 * the member's path (quotes doubled) and the type, by its name in member_cast.h. Comments of people are left alone, and read as none.
 */
#ifndef NETTY_LOAD_PROFILE_VIEW_MARK_H
#define NETTY_LOAD_PROFILE_VIEW_MARK_H

#include "load/profile/member_cast.h"
#include <stdbool.h>

enum err_code view_mark_add(struct buf *out, enum member_cast cast,
                            const char *const path[]) MUST_CHECK;
/* Takes a mark apart; text is written over, and path then points into it. False: it is none. */
bool view_mark_read(char *text, enum member_cast *cast, const char *path[]);

#endif
