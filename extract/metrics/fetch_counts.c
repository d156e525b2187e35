#include "extract/metrics/fetch_counts.h"

const char *table_status_word(enum table_status status)
{
    static const char *const words[] = {"complete", "partial", "waiting", "throttled", "failed"};
    return words[status];
}
