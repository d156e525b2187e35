/* What --version says of the spool's libraries, and of those below (shared/options/libraries.h). */
#ifndef NETTY_SPOOL_STORE_SPOOL_LIBRARIES_H
#define NETTY_SPOOL_STORE_SPOOL_LIBRARIES_H

#include "shared/options/libraries.h"

void spool_libraries(struct libraries *l);

#endif
