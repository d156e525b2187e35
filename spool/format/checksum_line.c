#include "spool/format/checksum_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum err_code sumline_end(struct buf *b, size_t start)
{
    uint64_t sum = XXH3_64bits(b->data + start, b->len - start);
    return buf_addf(b, ",\"sum\":\"%016" PRIx64 "\"}\n", sum);
}

bool sumline_ok(const char *line, size_t n)
{
    char tail[SUMLINE_TAIL + 1];
    if (n <= SUMLINE_TAIL || memcmp(line + n - SUMLINE_TAIL, ",\"sum\":\"", 8) != 0)
        return false;
    uint64_t sum = XXH3_64bits(line, n - SUMLINE_TAIL);
    (void)snprintf(tail, sizeof tail, ",\"sum\":\"%016" PRIx64 "\"}", sum);
    return memcmp(line + n - SUMLINE_TAIL, tail, SUMLINE_TAIL) == 0;
}

size_t sumline_prefix(const char *p, size_t n)
{
    for (size_t i = SUMLINE_TAIL + 1; i <= n; i++)
        if (p[i - 1] == '}' && sumline_ok(p, i))
            return i;
    return 0;
}
