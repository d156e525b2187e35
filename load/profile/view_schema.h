/*
 * The schema for a table's view: --views-schema; else netty_NAME for the account NAME; else `netty` for tables of the schemas public and
 * netty, and netty_NAME for tables of another schema NAME. So two accounts or schemas with tables of the same names never share a view.
 *
 *     char schema[VIEW_SCHEMA];
 *     view_schema(schema, options, relation.schema, e);      // ERR_CONFIG if netty_NAME is too long for a name
 */
#ifndef NETTY_LOAD_PROFILE_VIEW_SCHEMA_H
#define NETTY_LOAD_PROFILE_VIEW_SCHEMA_H

#include "shared/base/err.h"
#include "shared/options/options.h"

#define VIEW_SCHEMA 64 /* bytes of a name in PostgreSQL, with its closing 0 */

enum err_code view_schema(char out[VIEW_SCHEMA], const struct options *o, const char *table_schema,
                          struct err *e) MUST_CHECK;

#endif
