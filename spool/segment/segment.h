/*
 * A table's files: their names, and which there are.
 *
 *     0000000007.journal         its pages (journal.h): without it a segment has none
 *     0000000007.ndjson          its records
 *     0000000007.ndjson.zst      the same, sealed and compressed (zstd_frames.h)
 *     0000000007.ndjson.new      records none of which is committed: may be removed
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

/* "0000000007.ndjson" */
const char *segment_name(char out[SEGMENT_NAME_MAX], uint64_t number, enum segment_file kind);
/* dir, a slash, and the name */
enum err_code segment_path(char out[IO_PATH], const char *dir, uint64_t number,
                           enum segment_file kind, struct err *e) MUST_CHECK;

struct segment_entry {
    uint64_t number;
    unsigned files; /* SEGMENT_HAS(...) or'ed */
};
struct segment_list {
    struct segment_entry *entries; /* by number */
    size_t count;
    uint64_t pruned; /* segments up to this number are gone, or do not count (pruned.h) */
};
/* Those of the folder, also without a journal; none where there is no folder. Owner: the caller. */
enum err_code segment_list_read(struct segment_list *list, const char *dir,
                                struct err *e) MUST_CHECK;
/* The same with what is left of those that were pruned. */
enum err_code segment_list_all(struct segment_list *list, const char *dir,
                               struct err *e) MUST_CHECK;
void segment_list_free(struct segment_list *list);
/* The first entry with a journal or data whose number is at least that, or NULL. What counts here
 * is what a reader sees: .new and .tmp files do not make a segment. */
const struct segment_entry *segment_list_from(const struct segment_list *list, uint64_t number);

/* Removes what no reader can see: segments and compressions that never came to be, and the
 * temporaries of replacements. For the holder of the table's lock. */
enum err_code segment_tidy(const char *dir, struct err *e) MUST_CHECK;

/* Opens one file, creates it where flags say so (0600). ENOENT is ERR_IO with e->sys. */
enum err_code segment_open(int *fd, const char *dir, uint64_t number, enum segment_file kind,
                           int flags, struct err *e) MUST_CHECK;
/* OK when it is not there. */
enum err_code segment_remove(const char *dir, uint64_t number, enum segment_file kind,
                             struct err *e) MUST_CHECK;
enum err_code segment_rename(const char *dir, uint64_t number, enum segment_file from,
                             enum segment_file to, struct err *e) MUST_CHECK;
/* fdatasync and close, told by the file's name. */
enum err_code segment_sync(int fd, const char *dir, uint64_t number, enum segment_file kind,
                           struct err *e) MUST_CHECK;
enum err_code segment_close(int *fd, const char *dir, uint64_t number, enum segment_file kind,
                            struct err *e) MUST_CHECK;
/* Closes what was only read, or has failed before. */
void segment_drop(int *fd);

#endif
