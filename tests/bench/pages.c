#include "tests/bench/pages.h"
#include "shared/time/when.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum err_code file_read(const char *path, char **text, size_t *n, struct err *e)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    enum err_code rc = OK;
    *text = NULL;
    if (f == NULL || fstat(fileno(f), &st) != 0) {
        rc = err_sys(e, ERR_IO, "cannot open %s", path);
        goto done;
    }
    *n = (size_t)st.st_size;
    *text = malloc(*n + 1);
    if (*text == NULL)
        rc = err_set(e, ERR_NOMEM, "out of memory for %s", path);
    else if (fread(*text, 1, *n, f) != *n)
        rc = err_sys(e, ERR_IO, "cannot read %s", path);
    else
        (*text)[*n] = 0;
done:
    if (f != NULL)
        (void)fclose(f);
    return rc;
}

static enum err_code add(struct pages *p, const struct recorded_page *page, struct err *e)
{
    if ((p->n & (p->n - 1)) == 0) {
        size_t room = p->n == 0 ? 1 : 2 * p->n;
        struct recorded_page *list = realloc(p->list, room * sizeof *list);
        if (list == NULL)
            return err_set(e, ERR_NOMEM, "out of memory for a list of pages");
        p->list = list;
    }
    p->list[p->n++] = *page;
    p->bytes += page->len;
    return OK;
}

enum err_code pages_read(struct pages *p, const char *path, struct err *e)
{
    size_t n = 0;
    *p = (struct pages){0};
    enum err_code rc = file_read(path, &p->text, &n, e);
    const char *at = p->text;
    while (rc == OK && at < p->text + n) {
        char *end;
        int64_t date = strtoll(at, &end, 10);
        unsigned long long len = strtoull(end, &end, 10);
        size_t left = (size_t)(p->text + n - end);
        if (*end != '\n' || len >= left) {
            rc = err_set(e, ERR_DAMAGED, "%s is no recording", path);
            break;
        }
        const struct recorded_page page = {end + 1, (size_t)len, date * WHEN_SECOND};
        rc = add(p, &page, e);
        at = end + 1 + len;
    }
    if (rc != OK)
        pages_free(p);
    return rc;
}

void pages_free(struct pages *p)
{
    free(p->text);
    free(p->list);
    *p = (struct pages){0};
}

int64_t pages_cpu(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * WHEN_SECOND + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

void pages_report(const struct pages *p, uint64_t records, int64_t wall_us, int64_t cpu_us)
{
    printf("{\"pages\":%zu,\"bytes\":%" PRIu64 ",\"records\":%" PRIu64 ",\"wall_us\":%" PRId64
           ",\"cpu_us\":%" PRId64 "}\n",
           p->n, p->bytes, records, wall_us, cpu_us);
}
