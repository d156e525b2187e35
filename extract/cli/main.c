/* netty-extract: pages from the API into the spool. */
#include "extract/cli/all_accounts.h"
#include "extract/cli/api_key.h"
#include "extract/cli/ping.h"
#include "extract/cli/service.h"
#include "shared/cli/reload.h"
#include "shared/files/file_io.h"
#include "shared/log/log.h"
#include "shared/log/secret.h"
#include "shared/options/options.h"
#include "spool/store/accounts.h"
#include "spool/store/spool_libraries.h"
#include <curl/curl.h>
#include <malloc.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

static enum err_code start(const struct options *o, struct ping *ping, int *code, struct err *e)
{
    struct secret *key = NULL;
    if (options_int(o, OPT_RECONCILE) != 0 && options_given(o, OPT_SINCE) &&
        options_int(o, OPT_SINCE) != WHEN_NONE)
        return err_set(
            e, ERR_USAGE,
            "--reconcile looks at everything: it cannot be joined with --since, only with "
            "--restart, which begins it anew");
    if (options_accounts(o) > 0 && options_account(o) == NULL)
        return all_accounts_run(o, ping, code, e);
    enum err_code rc = api_key_read(o, &key, e);
    if (rc == OK)
        rc = service_run(o, &key, ping, code, e);
    secret_free(key);
    return rc;
}

/* Sealing a segment takes a large block in a thread of its own, then gives it back: to the system, not to a heap for each thread, so that
 * memory stays what it is however many segments there are. The heap grows in small steps, for what calloc() takes from its unused end it
 * clears, and so uses: 50 tables that wait for their turn took 2.4 MiB more.
 */
static void return_memory(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    (void)mallopt(M_TOP_PAD, 4096);
}

static void show_version(void)
{
    static const char prefix[] = "libcurl/";
    struct libraries used = {.n = 0};
    /* "libcurl/7.88.1 OpenSSL/3.0.15 zlib/1.2.13 ...": TLS and what else it stands on */
    const char *curl = curl_version();
    if (strncmp(curl, prefix, sizeof prefix - 1) == 0)
        curl += sizeof prefix - 1;
    libraries_add(&used, "libcurl", curl);
    libraries_add(&used, "libmicrohttpd", MHD_get_version());
    spool_libraries(&used);
    options_version(PROGRAM_EXTRACT, &used, stdout);
}

int main(int argc, char **argv)
{
    struct options *o = NULL;
    struct err e = ERR_INIT;
    struct ping *ping = NULL;
    int code = 0;
    return_memory();
    reload_open(PROGRAM_EXTRACT, argc, argv);
    options_guess_log(PROGRAM_EXTRACT, argc, argv);
    enum err_code rc = io_standard_files(&e);
    if (rc == OK)
        rc = options_read(&o, PROGRAM_EXTRACT, argc, argv, &e);
    if (rc == OK && options_int(o, OPT_HELP) != 0) {
        options_show_help(o, stdout);
    } else if (rc == OK && options_int(o, OPT_VERSION) != 0) {
        show_version();
    } else if (rc == OK) {
        options_setup_log(o);
        rc = accounts_check_all(o, NULL, &e);
        if (rc == OK)
            rc = ping_open(&ping, o, &e);
        if (rc == OK)
            rc = start(o, ping, &code, &e);
    }
    if (rc != OK) {
        LOG(LOG_ERROR, "end", "netty-extract ends", F_ERR(&e));
        code = exit_graver(code, err_exit(rc));
    }
    /* A program that stays has told of each run, and is stopped by people; or it ends for a reason. */
    if (ping != NULL && (!options_given(o, OPT_EVERY) || code != 0))
        ping_end(ping, code);
    ping_close(ping);
    options_free(o);
    if (rc == OK && reload_wanted())
        reload_now();
    return code;
}
