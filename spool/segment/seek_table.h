/*
 * The layout of the seek table at the end of a compressed segment, all numbers little-endian: SEEK_SKIPPABLE and the length of
 * what follows; for each frame its compressed size and its size; the number of frames, a byte 0 (no checksums), SEEK_MAGIC.
 */
#ifndef NETTY_SPOOL_SEGMENT_SEEK_TABLE_H
#define NETTY_SPOOL_SEGMENT_SEEK_TABLE_H

#include <stdint.h>

#define SEEK_SKIPPABLE 0x184D2A5Eu
#define SEEK_MAGIC     0x8F92EAB1u
#define SEEK_HEAD      8
#define SEEK_ENTRY     8
#define SEEK_FOOT      9
#define SEEK_TABLE_MAX (64u << 20)

static inline void seek_put32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i));
}

static inline uint32_t seek_get32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

#endif
