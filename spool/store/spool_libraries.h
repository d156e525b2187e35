/* Adds the spool's libraries, and those of shared, to what --version shows (shared/options/libraries.h). */
#ifndef NETTY_SPOOL_STORE_SPOOL_LIBRARIES_H
#define NETTY_SPOOL_STORE_SPOOL_LIBRARIES_H

#include "shared/options/libraries.h"

void spool_libraries(struct libraries *l);

#endif
