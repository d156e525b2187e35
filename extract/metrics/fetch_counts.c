#include "extract/metrics/fetch_counts.h"

const char *table_fetch_status_word(enum table_fetch_status status)
{
    static const char *const words[] = {"complete",  "unproven",  "partial", "waiting",
                                        "throttled", "cancelled", "failed"};
    return words[status];
}
