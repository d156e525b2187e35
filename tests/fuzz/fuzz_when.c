/* The source's times; the first byte chooses the zone. What is read comes back from its text. */
#include "tests/fuzz/fuzz.h"

#include "shared/time/when.h"

static const char *const names[] = {"UTC", "Europe/Paris", "+02:00", "America/St_Johns"};
#define ZONES (sizeof names / sizeof names[0])
static struct zone *zones[ZONES];

static void fuzz_setup(void)
{
    struct err e = ERR_INIT;
    for (size_t i = 0; i < ZONES; i++)
        DEMAND(zone_open(&zones[i], names[i], &e) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[WHEN_TEXT];
    int64_t t = 0;
    int64_t again = 0;
    if (size == 0)
        return 0;
    char *exact = malloc(size);
    DEMAND(exact);
    memcpy(exact, data + 1, size - 1);
    enum err_code rc = when_parse(exact, size - 1, zones[data[0] % ZONES], &t);
    free(exact);
    DEMAND(rc == OK || rc == ERR_DATA);
    if (rc == OK && t != WHEN_NONE) {
        DEMAND(when_iso(t, text) == text && strlen(text) == 27);
        DEMAND(when_parse(text, strlen(text), zones[0], &again) == OK && again == t);
        DEMAND(strlen(when_api(t, text)) == 24);
        (void)when_people(t, text);
    }
    return 0;
}
