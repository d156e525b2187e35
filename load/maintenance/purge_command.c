/* netty-load purge: rows that have been deleted for long are written to a file, then removed. */
#include "load/command/command.h"
#include "load/maintenance/maintenance.h"
#include "load/row_moves/rows_to_file.h"
#include "shared/time/when.h"
#include <stdio.h>
#include <stdlib.h>

#define CONDITION_MAX 2000

/*
 * Deleted since: deleted_detected_at where there is one, else time_modified. The former is text in
 * data, and compared as text, since a cast would fail on what is no time: ISO 8601 in UTC sorts as
 * it is. A row whose deleted_detected_at is written otherwise stays, and so does one without a time.
 */
static void condition(int64_t cutoff, char out[CONDITION_MAX])
{
    char text[WHEN_TEXT];

    (void)when_iso(cutoff, text);
    (void)snprintf(
        out, CONDITION_MAX,
        "t.data OPERATOR(pg_catalog.@>) '{\"deleted\": true}'::pg_catalog.jsonb AND CASE "
        "WHEN t.data OPERATOR(pg_catalog.->>) 'deleted_detected_at' IS NULL "
        "THEN t.time_modified OPERATOR(pg_catalog.<) '%s'::pg_catalog.timestamptz "
        "ELSE t.data OPERATOR(pg_catalog.->>) 'deleted_detected_at' OPERATOR(pg_catalog.~) "
        "'^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$' "
        "AND (pg_catalog.replace(pg_catalog.left(t.data OPERATOR(pg_catalog.->>) "
        "'deleted_detected_at', 19), ' ', 'T') "
        "COLLATE pg_catalog.\"C\") OPERATOR(pg_catalog.<) pg_catalog.left('%s', 19) END",
        text, text);
}

static enum err_code purge_table(void *ctx, struct command_context *c,
                                 const struct command_table *t, struct err *e)
{
    const struct rows_to_file_conf *conf = ctx;

    return rows_to_file_run(c, t, conf, e);
}

enum err_code cmd_purge(struct command_context *c, struct err *e)
{
    char text[CONDITION_MAX];
    char *dir = NULL;
    int64_t cutoff = 0;
    enum err_code rc = command_cutoff(c, &cutoff, e);

    if (rc == OK && (rc = command_archive_dir(c, &dir, e)) == OK) {
        condition(cutoff, text);
        struct rows_to_file_conf conf = {.condition = text, .dir = dir};
        rc = command_each_table(c, purge_table, &conf, e);
    }
    free(dir);
    return rc;
}
