/* netty.conf: taken, or refused with a message that tells the line. */
#include "shared/log/redact.h"
#include "tests/fuzz/fuzz.h"

#include "shared/options/options.h"

static void fuzz_setup(void)
{
    fuzz_quiet();
    fuzz_folder();
    DEMAND(chdir(fuzz_dir) == 0);
    for (int i = 0; i < OPTIONS; i++)
        DEMAND(!option_table[i].env || unsetenv(option_table[i].env) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum program programs[] = {PROGRAM_EXTRACT, PROGRAM_LOAD, PROGRAM_SPOOL};
    fuzz_write("netty.conf", data, size);
    for (size_t i = 0; i < 3; i++) {
        char *argv[] = {"program", NULL};
        struct options *o = NULL;
        struct err e = ERR_INIT;
        enum err_code rc = options_read(&o, programs[i], 1, argv, &e);
        if (rc == OK)
            DEMAND(options_int(o, OPT_LIMIT) >= 0 && options_origin(o, OPT_SPOOL));
        else
            DEMAND(e.code == rc && e.msg[0] && !memchr(e.msg, '\n', strlen(e.msg)));
        options_free(o);
    }
    redact_forget();
    return 0;
}
