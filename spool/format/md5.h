/*
 * MD5 (RFC 1321) of a short text: the one hash that every PostgreSQL computes too. For comparing,
 * not for secrets.
 */
#ifndef NETTY_SPOOL_FORMAT_MD5_H
#define NETTY_SPOOL_FORMAT_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_SHORT 55 /* what one block holds */

/* n is at most MD5_SHORT. The digest as four numbers: its hexadecimal digits eight by eight. */
void md5_short(const char *text, size_t n, uint32_t digest[4]);

#endif
