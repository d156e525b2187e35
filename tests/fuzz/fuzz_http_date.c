/* HTTP's dates (Retry-After, Date). */
#include "tests/fuzz/fuzz.h"

#include "shared/time/when.h"

static void fuzz_setup(void)
{
    fuzz_quiet();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[WHEN_TEXT];
    int64_t t = 0;
    char *exact = malloc(size ? size : 1);
    DEMAND(exact);
    memcpy(exact, data, size);
    enum err_code rc = when_parse_http(exact, size, &t);
    free(exact);
    DEMAND(rc == OK || rc == ERR_DATA);
    if (rc == OK)
        DEMAND(t % WHEN_SECOND == 0 && strlen(when_iso(t, text)) == 27);
    return 0;
}
