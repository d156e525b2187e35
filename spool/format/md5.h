/*
 * MD5 (RFC 1321) of a short text: the one hash that every PostgreSQL can compute as well. For
 * comparisons, not for secrets.
 */
#ifndef NETTY_SPOOL_FORMAT_MD5_H
#define NETTY_SPOOL_FORMAT_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_SHORT 55 /* what one block holds */

/* n is at most MD5_SHORT. Sets digest to four numbers, each made of eight of the hexadecimal digits. */
void md5_short(const char *text, size_t n, uint32_t digest[4]);

#endif
