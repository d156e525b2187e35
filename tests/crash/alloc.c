/*
 * A library to be preloaded into the programs as shipped. It counts their allocations and lets the N-th fail; every other
 * one is passed on. strdup, getline, fopen and the like take theirs from malloc and are counted with it. The driver is
 * alloc.py.
 *
 *     CRASH_PROGRAM=NAME  in this program only, not in those that it runs
 *     CRASH_ALLOC=N       the one that fails; 0: none
 *     CRASH_STAYS=1       all that follow fail, too
 *     CRASH_LOG=FILE      once an allocation has failed: its number and size, then who asked for it, innermost first, an
 *                         object and an offset a line (addr2line -e OBJECT OFFSET). Of those that fail after it, the first one of
 *                         libpq, in a line "then OBJECT 0xOFFSET". When the program dies by a signal, a
 *                         line with the signal's number, and where that was in the same way.
 *
 * Counting begins when this library is initialized, after the libraries of the program and just before its main().
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define FRAMES 32

static struct {
    long at;
    bool stays;
    bool counts;
    char log[4096];
} plan;

static atomic_long count;
static _Thread_local bool noting; /* what the note itself allocates is not counted */

/* The next library's: libc's, or the address sanitizer's. */
static void *next_named(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

#define NEXT(type, name)                                                                           \
    static type next;                                                                              \
    if (!next)                                                                                     \
    next = (type)next_named(name)

static void put(int fd, const char *text, int n)
{
    if (fd >= 0 && n > 0 && syscall(SYS_write, fd, text, (size_t)n) != n)
        _exit(99);
}

static int open_log(void)
{
    return plan.log[0] ? (int)syscall(SYS_openat, AT_FDCWD, plan.log,
                                      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                       : -1;
}

static void put_frames(int fd)
{
    char line[4400];
    void *frames[FRAMES];
    int n = backtrace(frames, FRAMES);
    for (int i = 0; i < n; i++) {
        Dl_info info;
        if (!dladdr(frames[i], &info) || !info.dli_fname)
            continue;
        put(fd, line,
            snprintf(line, sizeof line, "%s 0x%tx\n", info.dli_fname,
                     (char *)frames[i] - (char *)info.dli_fbase));
    }
}

static void note(long number, size_t size)
{
    char line[64];
    int fd = open_log();
    put(fd, line, snprintf(line, sizeof line, "%ld %zu\n", number, size));
    put_frames(fd);
    (void)syscall(SYS_close, fd);
}

/* With CRASH_STAYS: what libpq does without memory depends on which of its allocations fails, and that may be a later one. */
static void note_libpq(void)
{
    static atomic_bool noted;
    char line[4400];
    void *frames[FRAMES];
    Dl_info info;
    int n = atomic_load(&noted) ? 0 : backtrace(frames, FRAMES);
    for (int i = 0; i < n; i++)
        if (dladdr(frames[i], &info) && info.dli_fname && strstr(info.dli_fname, "libpq.so") &&
            !atomic_exchange(&noted, true)) {
            int fd = open_log();
            put(fd, line,
                snprintf(line, sizeof line, "then %s 0x%tx\n", info.dli_fname,
                         (char *)frames[i] - (char *)info.dli_fbase));
            (void)syscall(SYS_close, fd);
        }
}

static void on_death(int number)
{
    char line[64];
    noting = true;
    int fd = open_log();
    put(fd, line, snprintf(line, sizeof line, "signal %d\n", number));
    put_frames(fd);
    (void)raise(number); /* whose handler is gone: dies when this returns */
}

static bool fails(size_t size)
{
    if (!plan.counts || noting)
        return false;
    long number = atomic_fetch_add(&count, 1) + 1;
    if (plan.at == 0 || number < plan.at || (number > plan.at && !plan.stays))
        return false;
    noting = true;
    if (number == plan.at)
        note(number, size);
    else
        note_libpq();
    noting = false;
    errno = ENOMEM;
    return true;
}

static __attribute__((constructor)) void begin(void)
{
    void *frames[1];
    const char *at = getenv("CRASH_ALLOC");
    const char *stays = getenv("CRASH_STAYS");
    const char *log = getenv("CRASH_LOG");
    const char *only = getenv("CRASH_PROGRAM");
    struct sigaction death = {.sa_handler = on_death, .sa_flags = (int)SA_RESETHAND};
    (void)backtrace(frames, 1); /* loads what it needs */
    plan.at = at ? strtol(at, NULL, 10) : 0;
    plan.stays = stays && *stays == '1';
    (void)snprintf(plan.log, sizeof plan.log, "%s", log ? log : "");
    plan.counts = !only || strcmp(only, program_invocation_short_name) == 0;
    if (plan.counts) {
        (void)sigaction(SIGABRT, &death, NULL);
        (void)sigaction(SIGSEGV, &death, NULL);
        (void)sigaction(SIGBUS, &death, NULL);
    }
}

EXPORT void *malloc(size_t size)
{
    typedef void *malloc_fn(size_t);
    NEXT(malloc_fn *, "malloc");
    return fails(size) ? NULL : next(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
    typedef void *calloc_fn(size_t, size_t);
    NEXT(calloc_fn *, "calloc");
    return fails(n * size) ? NULL : next(n, size);
}

EXPORT void *realloc(void *p, size_t size)
{
    typedef void *realloc_fn(void *, size_t);
    NEXT(realloc_fn *, "realloc");
    return size > 0 && fails(size) ? NULL : next(p, size);
}

EXPORT void *reallocarray(void *p, size_t n, size_t size)
{
    typedef void *reallocarray_fn(void *, size_t, size_t);
    NEXT(reallocarray_fn *, "reallocarray");
    return n > 0 && size > 0 && fails(n * size) ? NULL : next(p, n, size);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    typedef void *aligned_fn(size_t, size_t);
    NEXT(aligned_fn *, "aligned_alloc");
    return fails(size) ? NULL : next(alignment, size);
}

EXPORT int posix_memalign(void **out, size_t alignment, size_t size)
{
    typedef int memalign_fn(void **, size_t, size_t);
    NEXT(memalign_fn *, "posix_memalign");
    return fails(size) ? ENOMEM : next(out, alignment, size);
}
