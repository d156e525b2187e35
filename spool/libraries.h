/* What --version says of the spool's libraries, and of those below (shared/libraries.h). */
#ifndef NETTY_SPOOL_LIBRARIES_H
#define NETTY_SPOOL_LIBRARIES_H

#include "shared/libraries.h"

void spool_libraries(struct libraries *l);

#endif
