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

static struct circuit_breaker *open_breaker(void)
{
    struct err e = ERR_INIT;
    struct circuit_breaker *b;
    DEMAND(circuit_breaker_open(&b, fuzz_dir, "0123456789abcdef0123456789abcdef", key, &e) == OK);
    return b;
}

static void write_and_read_back(struct circuit_breaker *b)
{
    struct err e = ERR_INIT;
    DEMAND(circuit_breaker_trip(b, NOW, 429, CIRCUIT_BREAKER_REST, &e) == OK);
    struct circuit_breaker *other = open_breaker();
    DEMAND(circuit_breaker_look(other, NOW) == CIRCUIT_BREAKER_OPEN &&
           circuit_breaker_until(other) == NOW + CIRCUIT_BREAKER_REST);
    DEMAND(circuit_breaker_key_worked(other) == circuit_breaker_key_worked(b));
    DEMAND(circuit_breaker_look(other, NOW + CIRCUIT_BREAKER_REST) == CIRCUIT_BREAKER_TRY);
    DEMAND(circuit_breaker_probe(other, NOW + CIRCUIT_BREAKER_REST, &e) == OK);
    DEMAND(circuit_breaker_worked(other, &e) == OK);
    DEMAND(circuit_breaker_look(b, NOW) == CIRCUIT_BREAKER_CLOSED && circuit_breaker_key_worked(b));
    circuit_breaker_close(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_write(CIRCUIT_BREAKER_FILE, data, size);
    struct circuit_breaker *b = open_breaker();
    enum circuit_breaker_state state = circuit_breaker_look(b, NOW);
    int64_t until = circuit_breaker_until(b);
    DEMAND(state == CIRCUIT_BREAKER_CLOSED || until <= NOW + 2 * CIRCUIT_BREAKER_MOST);
    DEMAND(state != CIRCUIT_BREAKER_OPEN || until > NOW);
    DEMAND(state != CIRCUIT_BREAKER_TRY || (until <= NOW && until != INT64_MIN));
    write_and_read_back(b);
    circuit_breaker_close(b);
    return 0;
}
