/* Does this process have a terminal, whose end SIGHUP tells of? Without one SIGHUP is somebody's wish: settings are to be read
 * anew. */
#ifndef NETTY_SHARED_FILES_TERMINAL_H
#define NETTY_SHARED_FILES_TERMINAL_H

#include <stdbool.h>

bool terminal_there(void);

#endif
