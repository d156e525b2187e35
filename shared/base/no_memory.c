#include "shared/base/no_memory.h"
#include "shared/base/err.h"
#include <string.h>
#include <unistd.h>

static const char *last_line = "error out of memory, the program ends\n";

void no_memory_line(const char *line)
{
    last_line = line;
}

void no_memory_end(void)
{
    ssize_t written = write(STDERR_FILENO, last_line, strlen(last_line));
    (void)written; /* there is nobody else to tell */
    _exit(err_exit(ERR_NOMEM));
}
