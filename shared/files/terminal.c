#include "shared/files/terminal.h"

#include <fcntl.h>
#include <unistd.h>

bool terminal_there(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return false;
    (void)close(fd);
    return true;
}
