/*
 * The foreign keys that refer to a table whose rows are to be removed. If one would change rows elsewhere (CASCADE, SET NULL, SET DEFAULT),
 * the work is refused with its name, before anything moves. With the others, rows that are referred to stay where they are.
 *
 *     references_read(&r, session, relation, e);     // ERR_CONFIG: refused
 *     references_narrow(&condition, r, "...", e);     // the condition, less those rows
 *     references_held(&condition, r, "...", e);       // the condition, those rows only
 *     references_free(r);
 */
#ifndef NETTY_LOAD_ROW_MOVES_REFERENCES_H
#define NETTY_LOAD_ROW_MOVES_REFERENCES_H

#include "load/command/session.h"
#include "load/target/target_table.h"
#include "shared/base/buf.h"

struct references;

/* Within session_try. */
enum err_code references_read(struct references **r, struct session *s,
                              const struct relation *relation, struct err *e) MUST_CHECK;
void references_free(struct references *r);
/* Returns true if there is any foreign key. */
bool references_any(const struct references *r);
/* Both texts are SQL conditions on the row t. */
enum err_code references_narrow(struct buf *out, const struct references *r, const char *condition,
                                struct err *e) MUST_CHECK;
enum err_code references_held(struct buf *out, const struct references *r, const char *condition,
                              struct err *e) MUST_CHECK;

#endif
