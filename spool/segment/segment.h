/*
 * The files of a table's segments: their names, and which files there are.
 *
 *     0000000007.journal         the segment's pages (journal.h); without this file it has no pages
 *     0000000007.ndjson          its records
 *     0000000007.ndjson.zst      the same records, sealed and compressed (zstd_frames.h)
 *     0000000007.ndjson.new      records of which none is committed: may be removed
 *     0000000007.ndjson.zst.tmp  a compression that did not end: may be removed
 */
#ifndef NETTY_SPOOL_SEGMENT_SEGMENT_H
#define NETTY_SPOOL_SEGMENT_SEGMENT_H

#include "shared/base/err.h"
#include "shared/files/file_io.h"
#include <stddef.h>
#include <stdint.h>

enum segment_file {
    SEGMENT_JOURNAL,
    SEGMENT_DATA,
    SEGMENT_ZST,
    SEGMENT_NEW,
    SEGMENT_TMP,
    SEGMENT_FILES
};
#define SEGMENT_HAS(kind) (1u << (unsigned)(kind))

#define SEGMENT_NAME_MAX 48
#define SEGMENT_MAX      9999999999 /* what ten digits hold */

/* Writes a name such as "0000000007.ndjson" into out. Returns out. */
const char *segment_name(char out[SEGMENT_NAME_MAX], uint64_t number, enum segment_file kind);
/* Writes dir, a slash and the name into out. */
enum err_code segment_path(char out[IO_PATH], const char *dir, uint64_t number,
                           enum segment_file kind, struct err *e) MUST_CHECK;

struct segment_entry {
    uint64_t number;
    unsigned files; /* SEGMENT_HAS(...) or'ed */
};
struct segment_list {
    struct segment_entry *entries; /* in the order of their numbers */
    size_t count;
    uint64_t pruned; /* segments up to this number are gone, or do not count (pruned.h) */
};
/* Lists the folder's segments, also those without a journal; a missing folder has none. Segments that were pruned are left out.
 * The caller frees the list, also after a failure. */
enum err_code segment_list_read(struct segment_list *list, const char *dir,
                                struct err *e) MUST_CHECK;
/* The same, with the segments that were pruned and whose files are still there. */
enum err_code segment_list_all(struct segment_list *list, const char *dir,
                               struct err *e) MUST_CHECK;
void segment_list_free(struct segment_list *list);
/* Returns the first entry of at least that number that a reader can see, or NULL: one with a journal or records. Files with
 * .new and .tmp alone make no segment. */
const struct segment_entry *segment_list_from(const struct segment_list *list, uint64_t number);

/* Removes files that no reader sees: segments and compressions that were begun and not completed, and the hidden files of
 * replacements. The caller holds the table's lock. */
enum err_code segment_tidy(const char *dir, struct err *e) MUST_CHECK;

/* Opens one of a segment's files with open()'s flags; a new file has mode 0600. A missing file is ERR_IO with e->sys ENOENT. */
enum err_code segment_open(int *fd, const char *dir, uint64_t number, enum segment_file kind,
                           int flags, struct err *e) MUST_CHECK;
/* Removes the file. A missing file is OK. */
enum err_code segment_remove(const char *dir, uint64_t number, enum segment_file kind,
                             struct err *e) MUST_CHECK;
enum err_code segment_rename(const char *dir, uint64_t number, enum segment_file from,
                             enum segment_file to, struct err *e) MUST_CHECK;
/* fdatasync and close; messages have the file's name. */
enum err_code segment_sync(int fd, const char *dir, uint64_t number, enum segment_file kind,
                           struct err *e) MUST_CHECK;
enum err_code segment_close(int *fd, const char *dir, uint64_t number, enum segment_file kind,
                            struct err *e) MUST_CHECK;
/* Closes a file that was only read, or whose failure is known already. */
void segment_drop(int *fd);

#endif
