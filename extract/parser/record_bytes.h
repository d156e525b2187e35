/*
 * Keeps the bytes of the one record of an answer that cannot be parsed: everything between the bracket that opens `data` and
 * the last bracket of the body. Memory is bounded: the first RECORD_BYTES_KEPT bytes, and length and hash of all.
 */
#ifndef NETTY_EXTRACT_PARSER_RECORD_BYTES_H
#define NETTY_EXTRACT_PARSER_RECORD_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_BYTES_KEPT ((size_t)1 << 20)

struct record_raw {
    const char *raw; /* the first n bytes */
    size_t n;
    uint64_t len;  /* of the whole record */
    uint64_t hash; /* XXH3 of the whole record */
    bool too_large;
};

struct record_bytes;
struct record_bytes *record_bytes_open(void); /* NULL: no memory */
void record_bytes_close(struct record_bytes *b);
void record_bytes_start(struct record_bytes *b);
void record_bytes_add(struct record_bytes *b, const char *bytes, size_t n);
/* To be called when the body has ended. Returns false if it is no answer with one record in `data`. */
bool record_bytes_end(const struct record_bytes *b, struct record_raw *out);

#endif
