/*
 * What the fuzzers share. Each is one libFuzzer program (`make fuzz`): it hands bytes to one reader
 * of the project and aborts when that does more than answer. Readers of files get a folder in
 * memory of the process's own, removed at its end.
 */
#ifndef NETTY_TESTS_FUZZ_FUZZ_H
#define NETTY_TESTS_FUZZ_FUZZ_H

#include "shared/log/log.h"
#include "spool/format/checksum_line.h"
#include "spool/store/spool.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Each fuzzer's own: once, before the first input. */
static void fuzz_setup(void);

/* NOLINTNEXTLINE(readability-non-const-parameter): the signature is libFuzzer's */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_setup();
    return 0;
}

#define DEMAND(what)                                                                               \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what);               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define FUZZ_TABLE "contacts"

static char fuzz_dir[64];

static inline int fuzz_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void fuzz_clean(void)
{
    (void)nftw(fuzz_dir, fuzz_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A folder, fuzz_dir; in memory where that can be had. */
static inline void fuzz_folder(void)
{
    bool shm = access("/dev/shm", W_OK) == 0;
    (void)snprintf(fuzz_dir, sizeof fuzz_dir, "%s/netty-fuzz-XXXXXX", shm ? "/dev/shm" : "/tmp");
    DEMAND(mkdtemp(fuzz_dir));
    DEMAND(atexit(fuzz_clean) == 0);
}

/* fuzz_dir/name holds exactly these bytes afterwards. */
static inline void fuzz_write(const char *name, const void *p, size_t n)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", fuzz_dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    DEMAND(fd >= 0);
    for (const char *at = p; n > 0;) {
        ssize_t done = write(fd, at, n);
        DEMAND(done > 0);
        at += done;
        n -= (size_t)done;
    }
    DEMAND(close(fd) == 0);
}

/* The programs' own log lines would drown the fuzzer's. */
static inline void fuzz_quiet(void)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    DEMAND(fd >= 0);
    log_to(fd);
}

/* Quiet, in fuzz_dir/spool, with FUZZ_TABLE's folder: what most readers of the spool's files need. */
static inline struct spool *fuzz_spool(void)
{
    struct err e = ERR_INIT;
    struct spool *spool;
    char path[128];
    fuzz_quiet();
    fuzz_folder();
    (void)snprintf(path, sizeof path, "%s/spool", fuzz_dir);
    DEMAND(spool_open(&spool, path, SPOOL_CREATE, &e) == OK);
    (void)snprintf(path, sizeof path, "%s/spool/" FUZZ_TABLE, fuzz_dir);
    DEMAND(mkdir(path, 0700) == 0);
    return spool;
}

/* The inputs are lines without their sums, which no fuzzer would find: each gets its own. A line
 * that begins with `!` stays as it is behind that, so that wrong ones come up too. */
static inline void fuzz_add_sums(struct buf *out, const char *text, size_t n)
{
    while (n > 0) {
        const char *end = memchr(text, '\n', n);
        size_t len = end ? (size_t)(end - text) : n;
        size_t start = out->len;
        bool raw = len > 0 && text[0] == '!';
        DEMAND(buf_add(out, text + raw, len - raw) == OK);
        DEMAND((raw ? buf_addc(out, '\n') : checksum_line_end(out, start)) == OK);
        text += end ? len + 1 : len;
        n -= end ? len + 1 : len;
    }
}

#endif
