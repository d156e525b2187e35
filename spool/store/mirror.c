#include "spool/store/mirror.h"

#include "shared/files/file_io.h"
#include <unistd.h>

bool spool_is_mirror(const struct spool *s)
{
    char path[IO_PATH];
    return io_path(path, spool_dir(s), "pull.json", NULL) == OK && access(path, F_OK) == 0;
}
