#include "spool/format/checksum_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum err_code checksum_line_end(struct buf *b, size_t start)
{
    uint64_t sum = XXH3_64bits(b->data + start, b->len - start);
    return buf_addf(b, ",\"sum\":\"%016" PRIx64 "\"}\n", sum);
}

bool checksum_line_ok(const char *line, size_t n)
{
    char tail[CHECKSUM_LINE_TAIL + 1];
    if (n <= CHECKSUM_LINE_TAIL || memcmp(line + n - CHECKSUM_LINE_TAIL, ",\"sum\":\"", 8) != 0)
        return false;
    uint64_t sum = XXH3_64bits(line, n - CHECKSUM_LINE_TAIL);
    (void)snprintf(tail, sizeof tail, ",\"sum\":\"%016" PRIx64 "\"}", sum);
    return memcmp(line + n - CHECKSUM_LINE_TAIL, tail, CHECKSUM_LINE_TAIL) == 0;
}

size_t checksum_line_prefix(const char *p, size_t n)
{
    for (size_t i = CHECKSUM_LINE_TAIL + 1; i <= n; i++)
        if (p[i - 1] == '}' && checksum_line_ok(p, i))
            return i;
    return 0;
}
