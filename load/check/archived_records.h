/*
 * Finds records in the files that `archive --to-file` and `purge` wrote (load/row_moves/archive_file.h). A record that check misses in a table
 * and finds there was put there on purpose.
 *
 *     struct archived_records f = {.dir = dir, .table = "contacts", .key = "contact_id"};
 *     archived_records_look(&f, versions, n, found, e);   // reads all files of the table; found[i]: it is there
 *     f.unread                                 // files that cannot be read to their end
 *
 * A record counts as found if a file has a row of it that is at least as new as the version asked for. A missing folder has no files. Memory: a
 * batch of a file, and a pointer for each record.
 */
#ifndef NETTY_LOAD_CHECK_ARCHIVED_RECORDS_H
#define NETTY_LOAD_CHECK_ARCHIVED_RECORDS_H

#include "load/check/latest_versions.h"

struct archived_records {
    const char *dir, *table, *key;
    const struct zone *zone; /* for times without a zone, which these programs do not write */
    uint64_t unread;
    struct err why; /* why the last of these could not be read, with its name */
};

/* found[0..n) is filled. Errors: of the folder, and of memory. */
enum err_code archived_records_look(struct archived_records *f,
                                    const struct latest_versions_version *versions, size_t n,
                                    bool *found, struct err *e) MUST_CHECK;

#endif
