#include "spool/store/spool_libraries.h"
#include <stdio.h>
#include <xxhash.h>
#include <zstd.h>

void spool_libraries(struct libraries *l)
{
    char text[32];
    unsigned xxhash = XXH_versionNumber(); /* 0.8.1 is 801 */
    (void)snprintf(text, sizeof text, "%u.%u.%u", xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
    libraries_add(l, "zstd", ZSTD_versionString());
    libraries_add(l, "xxHash", text);
    libraries_shared(l);
}
