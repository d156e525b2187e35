/*
 * The loader's SQL: files in load/sql/ that psql can run too, compiled in as strings (without their
 * whole-line comments).
 *
 * They use psql's own variables: :"name" is an identifier, :'name' a literal, :name text as it is. sql_expand puts the values in,
 * quoted for PostgreSQL (in identifiers " is doubled; in literals ' is doubled, and if there is a \, it is doubled and the literal
 * becomes E''). Text in quotes, comments or $$ is left alone, as is `::`. It is an error if a variable has no value, if a value is not
 * used, and if an identifier is empty.
 *
 * A transaction of the loader is these statements; those in braces go as one simple query, whose
 * last result counts:
 *
 *     { sql_begin sql_progress_make sql_progress_lock }   the second only in a connection's first one
 *     sql_batch_begin
 *     sql_batch_copy                                  fed by batch_encode
 *     sql_upsert                                      source = SQL_SOURCE_TABLE
 *     { sql_progress_store sql_pages_store COMMIT }
 *
 * A small batch (below some thousand rows) needs no temporary table and so leaves the system
 * catalogs alone. Instead of the three in the middle:
 *
 *     sql_upsert                                      source = SQL_SOURCE_ARRAYS, four parameters
 *                                                     from batch_encode_arrays
 *
 * That is the plain way, which is always right. The fast way (load/upsert/txn.h) first asks with sql_classify what is stored. Then
 * rows whose key is not there go in by sql_insert_copy, rows that are newer than the stored one by sql_upsert_newer, the others by
 * sql_upsert.
 */
#ifndef NETTY_LOAD_DATABASE_SQL_H
#define NETTY_LOAD_DATABASE_SQL_H

#include "shared/base/buf.h"
#include "shared/base/err.h"

struct sql_var {
    const char *name;
    const char *value;
};

/* Adds the expanded text to out. Fails with ERR_INTERNAL if text and variables do not fit each other. */
enum err_code sql_expand(struct buf *out, const char *text, const struct sql_var *vars, size_t n,
                         struct err *e) MUST_CHECK;

/* The same, with each value put in as it is, also where the text quotes its variable: so a column can stand for a literal. */
enum err_code sql_expand_bare(struct buf *out, const char *text, const struct sql_var *vars,
                              size_t n, struct err *e) MUST_CHECK;

/* Values of the upserts' variable `source`. */
#define SQL_SOURCE_TABLE "pg_temp.netty_batch"
#define SQL_SOURCE_ARRAYS                                                                          \
    "ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::pg_catalog.text[]), "       \
    "pg_catalog.unnest($3::pg_catalog.timestamptz[]), "                                            \
    "pg_catalog.unnest($4::pg_catalog.timestamptz[]))"

/* Below is one constant for each file, named for it: load/sql/upsert.sql is sql_upsert. Each comment names the variables, the
 * parameters, and the columns of the answer. */

/* The beginning of a table's statements, by which sql_lock_holder finds those that wait. */
#define SQL_TAG     "/* netty-load %s */\n"
#define SQL_TAG_MAX 128

/* Empties out, and begins a statement with this tag in it. */
enum err_code sql_begin_tagged(struct buf *out, const char *table, struct err *e) MUST_CHECK;

/* Variable tag. One row or none: pid, role, application, state, seconds of the session that holds the lock for which a statement with
 * this tag waits. */
extern const char sql_lock_holder[];

/* BEGIN and the transaction's settings. */
extern const char sql_begin[];

/* Makes netty_sync and its tables, if they are missing. */
extern const char sql_schema[];

/* The netty-* tables of a schema, or with '' those that search_path shows. Variable schema; for db_query_bare. Columns: LIST_* of
 * load/target/table_list.h. problem is null, or says why the table cannot be loaded ("has no ..."); then the columns before it may be
 * null, too. */
extern const char sql_list_tables[];

/* An expression, for the variable first_schema of other statements: the first schema of search_path that a table can be made in. */
extern const char sql_first_schema[];

/* For doctor. sql_check: one row on the session and the role's rights, its columns by name (variables schema, first_schema; for
 * db_query_bare). The others are about relations whose oids are given (variable oids, an array). sql_check_tables: rows table_name
 * hint. sql_check_access and sql_check_views: rows table_name state finding. */
extern const char sql_check[];
extern const char sql_check_tables[];
extern const char sql_check_access[];
extern const char sql_check_views[]; /* variables oids, views_schema, wanted (true, false) */

/* Makes a table of NETTY.md's shape. Variables schema ('': first_schema), first_schema, relation, key; for db_query_bare. One row:
 * grant policy. */
extern const char sql_create_table[];

/* The temporary table, and COPY ... FROM STDIN (FORMAT binary) into it. */
extern const char sql_batch_begin[];
extern const char sql_batch_copy[];

/* Variables schema, relation, key, keytype (list_tables' key_type), source, merged, held, time. One row: inserted
 * updated unchanged stale total unstored, total being the sum of those before it. */
extern const char sql_upsert[];
/* Values of the variable `held`: the condition under which a stored row stays as it is. */
#define SQL_HELD_NEWER "t.time_modified OPERATOR(pg_catalog.>) excluded.time_modified"
/* For rows that are loaded out of their turn: a row without a time never replaces one with a time, since it may be the record's birth, and
 * the stored row a later edit. */
#define SQL_HELD_AGAIN                                                                             \
    "(" SQL_HELD_NEWER " OR (excluded.time_modified IS NULL AND t.time_modified IS NOT NULL))"
/* For rows that were fetched before what is loaded, and are no news: only stored rows with a smaller time change. */
#define SQL_HELD_LATE                                                                              \
    "(excluded.time_modified IS NULL OR t.time_modified OPERATOR(pg_catalog.>=) "                  \
    "excluded.time_modified)"
#define SQL_HELD_ALL  "true"
#define SQL_HELD_NONE "false"
/* Values of `time`: what a row's stored time is compared with. SQL_TIME_STORED: with itself, so that a time alone is no change. */
#define SQL_TIME        "coalesce(excluded.time_modified, t.time_modified)"
#define SQL_TIME_STORED "t.time_modified"
/* Tries whether triggers change time_modified; to be rolled back. Variables schema, relation, key. One row or none: kept. */
extern const char sql_probe_time[];
/* sql_upsert for rows that are probably newer. Its variables, and `when`, one of the two below. One row: bare (changed or perhaps put in)
 * updated; all other rows were held back. */
extern const char sql_upsert_newer[];
#define SQL_WHEN_NOT_NEWER                                                                         \
    "(t.time_modified OPERATOR(pg_catalog.>) excluded.time_modified) IS NOT TRUE"
#define SQL_WHEN_OLDER "t.time_modified OPERATOR(pg_catalog.<) excluded.time_modified"

/* Adds to out the value of the variable `merged`: what becomes of the stored data t.data and the new excluded.data. With replace, that is
 * the new data. Else it is stored || new; or the new data if the stored is no object, since || would append to that, once more with each
 * replay. names is a text[] as text: names that every new row has. If the stored data has no other names, the result is the new data, and
 * the operator `-` finds that out at half the price of `||`.
 * A deletion mark (load/reconcile/reconcile.h) is not merged, since the source has the record. With again (pages that were loaded before,
 * perhaps from before the mark) only a newer version removes the mark. */
enum err_code sql_merged(struct buf *out, bool replace, bool again, const char *names,
                         struct err *e) MUST_CHECK;

/* What is stored of some keys. Variables schema, relation, key, times (", time_modified" or ""). Parameter: an array of keys, of the key's
 * type. Rows: key xmin, and with times time_modified. */
extern const char sql_classify[];

/* Variables schema, relation. One row: id timeline. */
extern const char sql_unchanged_id[];

/* Variables schema, relation, key. COPY ... FROM STDIN (FORMAT binary). */
extern const char sql_insert_copy[];

/* Variables spool, schema, table_name, branch, relation. Makes the rows that sql_progress_lock locks. */
extern const char sql_progress_make[];

/* Variables spool, schema, table_name, branch, lanes, wait ("" or NOWAIT). One row for each lane: lane segment page line chain version
 * own. With line 0, the pages up to and with that one are in; else the pages before it, and its first `line` lines. */
extern const char sql_progress_lock[];

/* Variables spool, schema, table_name, identity: of the table that was loaded into. */
extern const char sql_stored_in_note[];

/* Variables spool, schema, table_name (and at). read: one row or none: since, and in microseconds. */
extern const char sql_unchecked_note[];
extern const char sql_unchecked_read[];
extern const char sql_unchecked_drop[];

/* Variables schema, relation, but for look key, and for note keys. look: one row: archived noted (or null). */
extern const char sql_put_away_look[];
extern const char sql_put_away_note[];
extern const char sql_put_away_forget[];
/* Sources for the upserts, made of another source: without rows that were noted as put away; or that are in the archive. Variables
 * source; archive, the archive's name. */
extern const char sql_source_noted[];
extern const char sql_source_archived[];

/* The progress of the branch that was loaded last, without a lock. Variables spool, table_name, schema. No row: nothing is loaded. */
extern const char sql_progress_read[];
/* One row: id name timeline writable whole (load/target/tables_look.h). */
extern const char sql_look[];

/* Variables spool, the arrays table_names, schemas, relations, and stored_in: SQL_STORED_IN, or SQL_STORED_IN_NONE where that cannot be read. Rows:
 * load/target/known_progress.h. */
#define SQL_STORED_IN "netty_sync.stored_in"
#define SQL_STORED_IN_NONE                                                                         \
    "(SELECT NULL::pg_catalog.text AS spool, NULL::pg_catalog.text AS schema_name, "               \
    "NULL::pg_catalog.text AS table_name, NULL::pg_catalog.text AS identity)"
extern const char sql_progress_find[];
/* Variables spool, schema, table_name, relation. */
extern const char sql_progress_adopt[];
/* Variables spool, schema, table_name, branch, relation, segments, pages, lines, chains: arrays of LANES. */
extern const char sql_progress_fork[];

/* Variables spool, schema, table_name, branch, and ... */
extern const char sql_pages_store[];  /* segments, pages, chains (load/target/loaded_pages.h) */
extern const char sql_pages_forget[]; /* segment */
extern const char sql_hole_store[];   /* segment, page, after_segment, after_page, gap, why */
extern const char sql_hole_close[];   /* segment, page */
/* Variables spool, schema, table_name. Rows: branch segment page chains. */
extern const char sql_pages_read[];

/* Variables schema, relation, key, keys, created, modified (arrays). One row: how many of these records the table has, created at that time; ...
 * at another; has it rows? */
extern const char sql_other_look[];

/* One row: id name, of the database. */
extern const char sql_loaded_id[];

/* Variables spool, and unchecked: SQL_UNCHECKED, or SQL_UNCHECKED_NONE where the marks do not matter or cannot be read. Rows: LOADED_* of
 * load/target/loaded_rows.c. */
#define SQL_UNCHECKED "netty_sync.unchecked"
#define SQL_UNCHECKED_NONE                                                                         \
    "(SELECT NULL::pg_catalog.text AS spool, NULL::pg_catalog.text AS schema_name, "               \
    "NULL::pg_catalog.text AS table_name, NULL::pg_catalog.timestamptz AS since)"
extern const char sql_loaded_progress[];

/* Variables spool, locked (empty, or SKIP LOCKED). One row: how many rows of progress it locked, or waited for. */
extern const char sql_progress_flush[];

/* Variables spool, schema, table_name, branch, lanes, segment, page, line, chain, fetched (or null). The lanes' rows updated. */
extern const char sql_progress_store[];

/* Variables schema, relation. One row: empty. */
extern const char sql_table_empty[];

/* Variables schema, relation. One row: time_modified, in microseconds since 1970 or null. Times in
 * the future do not count. Reads the whole table. */
extern const char sql_max_modified[];

/* Variables schema, relation, key. One row: records digest. Reads the whole table. */
extern const char sql_digest[];

/* For the commands: variables schema, relation, key, and ... */
extern const char sql_window[];      /* from, rows. One row: last rows */
extern const char sql_due_count[];   /* from, to, condition. One row: rows bytes */
extern const char sql_due_take[];    /* from, to, condition, rows, bytes. Rows: key line; locked */
extern const char sql_rows_delete[]; /* keys. One row: rows */
extern const char sql_rows_there[];  /* keys. One row: rows keys */
extern const char sql_left_count[]; /* from, to, condition. One row: rows keys, the first of them */
/* Variables schema, relation. Rows: what (`refuse`, `left`) text */
extern const char sql_references[];

/* For archive and restore: variables schema, relation, key, and ... */
extern const char sql_archive_lock[];    /* (without variables) */
extern const char sql_archive_plan[];    /* Rows: what text */
extern const char sql_archive_columns[]; /* (without key) One row: columns, or null */
/* from_table, to_table instead of relation; columns, from, to, rows, condition, archived, live, merged.
 * One row: last due moved merged keys */
extern const char sql_shelf_move[];
extern const char sql_row_columns[]; /* (without key) One row: columns */
/* columns, merged; parameter: a JSON array of rows. One row: unfit written merged */
extern const char sql_restore_lines[];

/* For the reconcile (load/reconcile/reconcile.h). */
extern const char sql_reconcile_schema[]; /* netty_sync.reconcile, where missing */
/* Variables spool, table_name. One row (read: or none): roll looks marked. */
extern const char sql_reconcile_lock[];
extern const char sql_reconcile_read[];
extern const char sql_reconcile_store[]; /* spool, table_name, roll, looks, marked */
/* Variables schema, relation, key, keytype, from, rows. Rows: key time_modified marked. */
extern const char sql_reconcile_keys[];
/* Variables schema, relation, key, keytype; parameters: keys, times[, at]. One row: deleted marked. */
extern const char sql_reconcile_gone[];
extern const char sql_reconcile_mark[];
/* The same variables; parameters: keys, marks, flags. One row: revived. */
extern const char sql_reconcile_revive[];
/* Variables schema, relation. One row: rows. */
extern const char sql_count_rows[];

/* For check: variables schema, relation, and ... */
extern const char sql_inspect_begin[]; /* (none) BEGIN, reading one state of the database */
extern const char sql_inspect_rows[];  /* key, from, to. Rows: kind rows keys */
extern const char
    sql_inspect_times[]; /* key, from, to. Rows: SAID_* of load/check/check_command.c */
extern const char sql_inspect_keys[];     /* key. One row: twice. Reads the whole table */
extern const char sql_inspect_table[];    /* Rows: state finding */
extern const char sql_inspect_modified[]; /* key, from, rows. Rows: key modified, microseconds */
/* key; four parameters. Rows: member rows keys; the row without a member tells how many rows of the
 * table were compared */
extern const char sql_merge_members[];

/* For index: variables schema, and ... */
extern const char sql_index_look
    []; /* relation, name, sampled, value, text. One row: LOOK_* of load/maintenance/index_command.c */
extern const char sql_index_time[];   /* relation, name; not in a transaction, as the next four */
extern const char sql_index_member[]; /* relation, name, expression */
extern const char sql_index_hash[];
extern const char sql_index_nested[];
extern const char sql_index_drop[];    /* name */
extern const char sql_suggest_where[]; /* (none) One row or none: source */
extern const char sql_suggest[]; /* source, relation. Rows: about calls milliseconds statement */

/* For profile: variables schema, relation, and ... */
extern const char sql_profile_size[]; /* One row: rows bytes */
/* depth, most, counts, and a test a form. Rows: COLUMN_* of load/profile/table_profile.c */
extern const char sql_profile[];

/* For views: variables schema, view, and ... */
extern const char
    sql_view_look[]; /* table_schema, relation. One row: LOOK_* of load/views/view_make.c */
extern const char sql_view_columns[]; /* Rows: name mark */
extern const char
    sql_view_stale[]; /* table_schema, relation. Rows: STALE_* of load/views/view_check.c */
extern const char sql_view_private[]; /* no result */
extern const char sql_view_lock[];    /* turn. One row: whether it is ours */
extern const char sql_view_turn[];    /* turn. No result */
extern const char sql_view_try[];     /* no variables, no result */
extern const char sql_view_holder
    []; /* turn, table_schema, relation. One row, or none: pid role application state seconds */

/* For compress: variables schema, relation, and ... */
extern const char sql_compress_look[]; /* One row: has_lz4 compression size */
extern const char sql_compress_set[];
extern const char sql_compress_rows[]; /* key, condition, from, to, rows. As sql_shelf_move */

#endif
