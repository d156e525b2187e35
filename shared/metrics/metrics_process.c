/* The process_* metrics that Prometheus' own client libraries have, under the same names. */
#include "shared/files/file_io.h"
#include "shared/metrics/metrics.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STAT_MAX 8192

/* Reads the fields of /proc/self/stat behind the program's name, from field 4 on. The name may hold blanks and brackets. */
static bool read_stat(double fields[], size_t n)
{
    struct buf text;
    buf_init(&text, STAT_MAX);
    bool ok = io_read_file("/proc/self/stat", &text, NULL) == OK;
    const char *p = ok ? strrchr(text.data, ')') : NULL;
    if (p != NULL && p[1] != 0 && p[2] != 0)
        p += 3; /* the state */
    for (size_t i = 0; i < n && p != NULL; i++) {
        char *end;
        fields[i] = strtod(p, &end);
        p = end > p ? end : NULL;
    }
    buf_free(&text);
    return p != NULL;
}

static double boot_time(void)
{
    struct buf text;
    double t = 0;
    buf_init(&text, (size_t)4 << 20);
    if (io_read_file("/proc/stat", &text, NULL) == OK) {
        const char *line = strstr(text.data, "\nbtime ");
        t = line != NULL ? strtod(line + 7, NULL) : 0;
    }
    buf_free(&text);
    return t;
}

static double open_files(void)
{
    double n = -1; /* the folder's own */
    DIR *d = opendir("/proc/self/fd");
    if (d == NULL)
        return 0;
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL)
        n += entry->d_name[0] != '.';
    (void)closedir(d);
    return n;
}

static enum err_code add(struct buf *b, const char *name, const char *type, const char *help,
                         double v)
{
    return buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n%s %.16g\n", name, help, name, type, name, v);
}

enum err_code metrics_process(struct buf *b)
{
    enum { /* from field 4 on, see proc(5) */
        UTIME = 14 - 4,
        STIME = 15 - 4,
        START = 22 - 4,
        VSIZE = 23 - 4,
        RSS = 24 - 4,
        FIELDS_READ
    };
    double f[FIELDS_READ];
    struct rlimit files;
    double ticks = (double)sysconf(_SC_CLK_TCK);
    double page = (double)sysconf(_SC_PAGESIZE);
    enum err_code rc;
    if (!read_stat(f, FIELDS_READ))
        return OK;
    if ((rc = add(b, "process_cpu_seconds_total", "counter",
                  "Total user and system CPU time spent in seconds.",
                  (f[UTIME] + f[STIME]) / ticks)) != OK ||
        (rc = add(b, "process_start_time_seconds", "gauge",
                  "Start time of the process since unix epoch in seconds.",
                  boot_time() + f[START] / ticks)) != OK ||
        (rc = add(b, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
                  f[RSS] * page)) != OK ||
        (rc = add(b, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
                  f[VSIZE])) != OK ||
        (rc = add(b, "process_open_fds", "gauge", "Number of open file descriptors.",
                  open_files())) != OK)
        return rc;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return OK;
    return add(b, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
               (double)files.rlim_cur);
}
