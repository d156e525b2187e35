/* What the spool remembers of how the API took the key: whatever stands there, the extractor may knock
 * within the hour, and what it writes itself is read back. */
#include "tests/fuzz/fuzz.h"

#include "extract/api/circuit_breaker.h"
#include "shared/log/secret.h"

#define NOW INT64_C(1715595753000000) /* 2024-05-13T10:22:33Z */

static struct secret *key;

static void fuzz_setup(void)
{
    struct err e = ERR_INIT;
    fuzz_quiet();
    fuzz_folder();
    DEMAND(setenv("FUZZ_KEY", "a key of nobody's", 1) == 0);
    DEMAND(secret_from_env(&key, "FUZZ_KEY", &e) == OK && key != NULL);
}

static struct breaker *open_breaker(void)
{
    struct err e = ERR_INIT;
    struct breaker *b;
    DEMAND(breaker_open(&b, fuzz_dir, "0123456789abcdef0123456789abcdef", key, &e) == OK);
    return b;
}

static void write_and_read_back(struct breaker *b)
{
    struct err e = ERR_INIT;
    DEMAND(breaker_trip(b, NOW, 429, BREAKER_REST, &e) == OK);
    struct breaker *other = open_breaker();
    DEMAND(breaker_look(other, NOW) == BREAKER_OPEN && breaker_until(other) == NOW + BREAKER_REST);
    DEMAND(breaker_key_worked(other) == breaker_key_worked(b));
    DEMAND(breaker_look(other, NOW + BREAKER_REST) == BREAKER_TRY);
    DEMAND(breaker_probe(other, NOW + BREAKER_REST, &e) == OK);
    DEMAND(breaker_worked(other, &e) == OK);
    DEMAND(breaker_look(b, NOW) == BREAKER_CLOSED && breaker_key_worked(b));
    breaker_close(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_write(BREAKER_FILE, data, size);
    struct breaker *b = open_breaker();
    enum breaker_state state = breaker_look(b, NOW);
    int64_t until = breaker_until(b);
    DEMAND(state == BREAKER_CLOSED || until <= NOW + 2 * BREAKER_MOST);
    DEMAND(state != BREAKER_OPEN || until > NOW);
    DEMAND(state != BREAKER_TRY || (until <= NOW && until != INT64_MIN));
    write_and_read_back(b);
    breaker_close(b);
    return 0;
}
