/*
 * The foreign keys that refer to a table whose rows are to be removed. One that would change rows elsewhere (CASCADE, SET NULL, SET
 * DEFAULT) refuses the work by name, before anything moves; of the others, rows that are referred to stay where they are.
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
/* Is there a foreign key at all? Without one no row is held. */
bool references_any(const struct references *r);
/* The texts are conditions on the row t. */
enum err_code references_narrow(struct buf *out, const struct references *r, const char *condition,
                                struct err *e) MUST_CHECK;
enum err_code references_held(struct buf *out, const struct references *r, const char *condition,
                              struct err *e) MUST_CHECK;

#endif
