/*
 * An object: one file that carries a spool's pages from host to host. FORMAT.md, 20, is the standard.
 *
 *     object_create(&w, path, &head, e);
 *       object_add_account(w, "lyon", spool_id, true, 0, e);          // of a host's: whose items follow, up to the next account
 *       object_add_header(w, line, n, e);                    // the segment that the next pages are of
 *       object_add_page(w, line, n, e);                      // a page's line, then its bytes
 *         object_add(w, p, n, e); ...
 *       object_add_file(w, "contacts/healed.json", size, e); object_add(...); ...
 *     object_finish(w, &sum, e);                             // whole and synced
 *     object_drop(w);                                        // in any case: frees w
 *
 *     object_open(&r, path, e);                              // ERR_DAMAGED: cut, or not what was written
 *     while ((rc = object_next(r, &item, e)) == OK && item.kind != OBJECT_END)
 *         object_read(r, p, n, &got, e) ...                  // item.bytes in all; bytes that are not read are passed over
 *     object_close(r);
 *
 * object_open reads the whole file, so that nothing of a damaged object is ever handed out.
 * Memory: zstd's window (8 MiB at most), one journal line, one buffer.
 */
#ifndef NETTY_SPOOL_REMOTE_OBJECT_H
#define NETTY_SPOOL_REMOTE_OBJECT_H

#include "spool/journal/journal_codec.h"

#define OBJECT_FORMAT      1                     /* of one spool */
#define OBJECT_HOST        2                     /* of a host: parts of several accounts' spools */
#define OBJECT_MAX         ((uint64_t)256 << 20) /* bytes of the file */
#define OBJECT_ID          33
#define OBJECT_NAME        32 /* of "0000000007.netty" */
#define OBJECT_ACCOUNT_MAX 40
#define OBJECT_NO_SPOOL    "00000000000000000000000000000000" /* in the head of a host's object */
#define OBJECT_FILE_MAX    128                                /* of "contacts/healed.json" */
#define OBJECT_TAIL_MAX    160                  /* the last line fits into so many bytes */
#define OBJECT_SMALL_MAX   ((uint64_t)64 << 20) /* a small file's bytes */

struct object_head {
    uint64_t number;
    char chain[OBJECT_ID]; /* 32 random hexadecimal digits, the same from a first object on */
    char spool[OBJECT_ID]; /* the spool's identity; of a host's object: zeros */
    int64_t written;
    uint64_t before;      /* number of the object before; numbers between were given up. 0: none */
    uint64_t before_hash; /* that object's hash */
    bool
        first; /* begins a chain: everything that the spool holds is in this object and those after it */
    uint64_t
        whole; /* number of the object from which on everything is held: its own where it begins so; 0: only the chain's first */
    uint64_t
        acked; /* of the way back: the pushed object up to which everything was taken; 0: not told */
    bool host; /* it holds parts of several accounts' spools */
};
/* What the last line says. */
struct object_sum {
    uint64_t number;
    uint64_t content; /* bytes of the items, uncompressed */
    uint64_t packed;  /* bytes of the items in the file */
    uint64_t hash;    /* XXH3-64 of the file up to its last line: the object's identity */
};

/* Writes an object's name, such as "0000000007.netty", into out. Returns out. */
const char *object_name(char out[OBJECT_NAME], uint64_t number);
/* Returns the number in such a name; 0 for any other name. */
uint64_t object_number(const char *name);
/* Does everything that the spool, or the host, holds begin with this object? */
bool object_begins(const struct object_head *h);
/* Reads the last line that p[0..n) ends with. Returns false when p does not end with such a line. */
bool object_tail(const char *p, size_t n, struct object_sum *sum);

struct object_writer;
enum err_code object_create(struct object_writer **w, const char *path,
                            const struct object_head *head, struct err *e) MUST_CHECK;
/* Of a host's object: what is added from here on is of the account that has this name and whose spool has this identity. first: all
 * that the account's spool has begins here. told: of the way back, a hash of what is told; else 0. */
enum err_code object_add_account(struct object_writer *w, const char *name, const char *spool,
                                 bool first, uint64_t told, struct err *e) MUST_CHECK;
/* Lines are given without their line end, and have their checksum. */
enum err_code object_add_header(struct object_writer *w, const char *line, size_t n,
                                struct err *e) MUST_CHECK;
enum err_code object_add_page(struct object_writer *w, const char *line, size_t n,
                              struct err *e) MUST_CHECK;
enum err_code object_add_file(struct object_writer *w, const char *name, uint64_t bytes,
                              struct err *e) MUST_CHECK;
enum err_code object_add(struct object_writer *w, const void *p, size_t n,
                         struct err *e) MUST_CHECK;
/* Is there room for that many bytes more, even if they cannot be compressed? The first page always has room. */
bool object_has_room(const struct object_writer *w, uint64_t bytes);
/* Has the object's own file failed, rather than what was to go into it? */
bool object_is_broken(const struct object_writer *w);
enum err_code object_finish(struct object_writer *w, struct object_sum *sum,
                            struct err *e) MUST_CHECK;
void object_drop(struct object_writer *w); /* NULL is fine. The file stays. */

enum object_kind {
    OBJECT_END,
    OBJECT_ACCOUNT, /* of a host's object: file is the account's name, spool its spool's identity */
    OBJECT_HEADER,  /* a segment's header: line.header, line.position */
    OBJECT_PAGE,    /* line.page; its records follow */
    OBJECT_FILE     /* file; its bytes follow */
};
struct object_item {
    enum object_kind kind;
    const char *text; /* the line without its line end; valid until the next call */
    size_t n;
    uint64_t bytes; /* how many bytes follow the line */
    struct journal_line line;
    char file[OBJECT_FILE_MAX];
    char spool[OBJECT_ID];
    uint64_t first; /* not 0: all that the account's spool has begins here */
    uint64_t told;  /* 0: the line has none */
};
struct object_reader;
enum err_code object_open(struct object_reader **r, const char *path, struct err *e) MUST_CHECK;
const struct object_head *object_head(const struct object_reader *r);
const struct object_sum *object_sum(const struct object_reader *r);
enum err_code object_next(struct object_reader *r, struct object_item *item,
                          struct err *e) MUST_CHECK;
/* Reads up to n of the bytes that follow the item's line; *got is 0 behind the last one. */
enum err_code object_read(struct object_reader *r, void *p, size_t n, size_t *got,
                          struct err *e) MUST_CHECK;
/* Reads all bytes of an item that is a file into text, in place of what was there. OBJECT_SMALL_MAX is cap enough. */
enum err_code object_read_file(struct object_reader *r, struct buf *text, struct err *e) MUST_CHECK;
void object_close(struct object_reader *r);

#endif
