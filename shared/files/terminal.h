/* Does this process have a terminal? With one, SIGHUP means that the terminal has gone; without one, somebody asks the program
 * to read its settings anew. */
#ifndef NETTY_SHARED_FILES_TERMINAL_H
#define NETTY_SHARED_FILES_TERMINAL_H

#include <stdbool.h>

bool terminal_there(void);

#endif
