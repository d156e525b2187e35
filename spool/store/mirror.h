/*
 * Is a spool the mirror of one that another machine pushes (spool/remote)? Its note, pull.json, tells.
 */
#ifndef NETTY_SPOOL_STORE_MIRROR_H
#define NETTY_SPOOL_STORE_MIRROR_H

#include "spool/store/spool.h"

bool spool_is_mirror(const struct spool *s);

#endif
